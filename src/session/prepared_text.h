#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "session/facets.h"
#include "session/state_store.h"
#include "session/states_in_use.h"
#include "session/text_meaning.h"

namespace lockstep::session {

/// One list of parameter types (of one text) that an execution has bound; 0 stands for none.
enum class ParameterTypes : std::uint16_t {};
inline constexpr ParameterTypes kNoTypes{};

/// A text that clients have prepared, together with all that decides how a server understands it. Interned:
/// two clients that prepare the same text in the same state share it, and find each other's preparations on
/// server sessions. Lives as long as a client or a server session refers to it.
struct PreparedText {
  std::string packet;  ///< COM_STMT_PREPARE, header included: what prepares it on a further server session
  const Schema* schema = nullptr;  ///< in which its names are resolved
  const Variables* variables =
      nullptr;                   ///< those that count when a text is prepared; see decides_on_preparing
  std::uint16_t parameters = 0;  ///< as PREPARE has answered

  TextMeaning meaning;  ///< of its execution
  /// Not to be prepared elsewhere: MySQL takes the types of user variables from the time of its PREPARE.
  bool stays = false;

  /// False for a text too long to be kept: it is prepared where its client has sent it, and nowhere else.
  bool can_be_prepared() const { return !packet.empty(); }
  std::string_view text() const {
    return can_be_prepared() ? std::string_view(packet).substr(kTextOffset) : std::string_view();
  }
  /// The number of such a list of types. Beyond kTypesMax different ones it is kNoTypes: not known.
  ParameterTypes types(std::string_view list);
  /// Empty for kNoTypes.
  std::string_view list_of(ParameterTypes types) const;

  static constexpr std::size_t kTextOffset = 5;  // header, command byte
  static constexpr std::size_t kTypesMax = 64;

 private:
  friend class PreparedTexts;
  friend class PreparedRef;
  std::vector<std::string> types_;
  std::uint32_t references_ = 0;
  class PreparedTexts* owner_ = nullptr;  // null: not interned
};

/// A counted reference; a core's own, so the count is a plain number.
class PreparedRef {
 public:
  PreparedRef() = default;
  explicit PreparedRef(PreparedText& text) : text_(&text) { ++text_->references_; }
  PreparedRef(const PreparedRef& other) : text_(other.text_) {
    if (text_ != nullptr) ++text_->references_;
  }
  PreparedRef(PreparedRef&& other) noexcept : text_(std::exchange(other.text_, nullptr)) {}
  PreparedRef& operator=(PreparedRef other) noexcept {
    std::swap(text_, other.text_);
    return *this;
  }
  ~PreparedRef() { release(); }

  PreparedText* get() const { return text_; }
  PreparedText* operator->() const { return text_; }
  PreparedText& operator*() const { return *text_; }
  explicit operator bool() const { return text_ != nullptr; }

 private:
  void release();
  PreparedText* text_ = nullptr;
};

/// Whether a server looks at the variable when it prepares a text, and not only when it executes it.
bool decides_on_preparing(VariableId id);

/// The prepared texts of one core.
class PreparedTexts {
 public:
  explicit PreparedTexts(StateStore& states) : states_(states) {}
  ~PreparedTexts();

  /// The text as it is understood in this state. `meaning` is that of a new one.
  PreparedRef find_or_add(std::string_view text, const Facets& facets, const TextMeaning& meaning);
  /// One that is not kept: only its beginning is known.
  PreparedRef beginning(const TextMeaning& meaning);
  /// The client's state as far as preparing goes: equal to PreparedText::variables where a text can be
  /// prepared without further ado.
  const Variables& deciding(const Variables& variables);
  /// `variables` with those that decide as they were `then`, when a text was first prepared.
  const Variables& in_force_for(const Variables& then, const Variables& variables);
  std::size_t size() const { return texts_.size(); }
  void keep_states(StatesInUse& in_use) const;

 private:
  friend class PreparedRef;
  struct Key {
    std::string_view text;
    const Schema* schema;
    const Variables* variables;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Key& key) const;
    std::size_t operator()(const std::unique_ptr<PreparedText>& text) const { return (*this)(key_of(*text)); }
  };
  struct Equal {
    using is_transparent = void;
    static bool same(const Key& a, const Key& b) {
      return a.schema == b.schema && a.variables == b.variables && a.text == b.text;
    }
    bool operator()(const std::unique_ptr<PreparedText>& a, const Key& b) const {
      return same(key_of(*a), b);
    }
    bool operator()(const Key& a, const std::unique_ptr<PreparedText>& b) const {
      return same(a, key_of(*b));
    }
    bool operator()(const std::unique_ptr<PreparedText>& a, const std::unique_ptr<PreparedText>& b) const {
      return same(key_of(*a), key_of(*b));
    }
  };
  static Key key_of(const PreparedText& text) { return {text.text(), text.schema, text.variables}; }
  void forget(const PreparedText& text);

  StateStore& states_;
  std::unordered_set<std::unique_ptr<PreparedText>, Hash, Equal> texts_;
  std::vector<VariableValue> values_;
  std::vector<VariableChange> changes_;
};

}  // namespace lockstep::session
