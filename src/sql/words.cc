#include "sql/words.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace lockstep::sql {
namespace {

// As the .def files spell them.
constexpr std::uint32_t always = 0;
constexpr std::uint32_t never = 0xFFFFFFFF;

struct Row {
  std::string_view name;
  Word word;
  Call call;
  std::uint32_t mysql_since;
  std::uint32_t mariadb_since;
};

constexpr auto kRows = std::to_array<Row>({
#define WORD(name, call, mysql_since, mariadb_since) \
  {#name, Word::name, Call::call, mysql_since, mariadb_since},
#define FUNCTION(name, call, mysql_since, mariadb_since) \
  {#name, Word::none, Call::call, mysql_since, mariadb_since},
#include "sql/functions.def"
#include "sql/words.def"
#undef WORD
#undef FUNCTION
});

/// Setting bit 5 of every byte makes letters lower case and keeps all other bytes of a name apart: digits and
/// `$` have it set, `_` becomes 0x7F, which no name holds, and bytes above 0x7F stay above.
constexpr std::uint64_t kFold = 0x2020202020202020;

template <typename Integer>
constexpr Integer load(const char* from) {
  Integer value = 0;
  if
    consteval {
      for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        value |= static_cast<Integer>(static_cast<std::uint8_t>(from[i])) << (8 * i);
      }
    }
  else {
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(&value, from, sizeof(Integer));
  }
  return value;
}

/// A folded name in two registers: all of it up to 16 bytes, both ends of a longer one.
struct Key {
  std::uint64_t head;
  std::uint64_t tail;
  constexpr bool operator==(const Key&) const = default;
};

constexpr Key key_of(std::string_view name) {
  const char* first = name.data();
  const std::size_t size = name.size();
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  if (size >= 8) {
    head = load<std::uint64_t>(first);
    tail = load<std::uint64_t>(first + size - 8);
  } else if (size >= 4) {
    head = load<std::uint32_t>(first);
    tail = load<std::uint32_t>(first + size - 4);
  } else {  // 1 to 3 bytes: first, middle and last cover them
    head = load<std::uint8_t>(first) | static_cast<std::uint64_t>(load<std::uint8_t>(first + size / 2)) << 8 |
           static_cast<std::uint64_t>(load<std::uint8_t>(first + size - 1)) << 16;
  }
  return {head | kFold, tail | kFold};
}

// A load of one in seven keeps most names that are no words of ours from being compared at all.
constexpr int kSlotBits = 12;

constexpr std::size_t slot_of(const Key& key, std::size_t size) {
  const std::uint64_t mixed = (key.head ^ std::rotl(key.tail, 23) ^ size) * 0x9E3779B97F4A7C15;
  return static_cast<std::size_t>(mixed >> (64 - kSlotBits));
}

struct Entry {
  Key key;
  std::uint32_t mysql_since;
  std::uint32_t mariadb_since;
  std::uint8_t size;
  Word word;
  Call call;
};

/// Open addressing with linear probing; slots hold an index into `entries` plus one.
struct Table {
  std::array<Entry, kRows.size()> entries{};
  std::array<std::uint16_t, std::size_t{1} << kSlotBits> slots{};
};

consteval Table make_table() {
  Table table;
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    const Row& row = kRows[i];
    const Key key = key_of(row.name);
    table.entries[i] = {
        key,      row.mysql_since, row.mariadb_since, static_cast<std::uint8_t>(row.name.size()),
        row.word, row.call};
    std::size_t slot = slot_of(key, row.name.size());
    while (table.slots[slot] != 0) slot = (slot + 1) % table.slots.size();
    table.slots[slot] = static_cast<std::uint16_t>(i + 1);
  }
  return table;
}

constexpr Table kTable = make_table();

/// The key leaves the middle of a long name open.
bool same_middle(std::string_view text, std::string_view name) {
  for (std::size_t i = 8; i + 8 < text.size(); ++i) {
    if ((text[i] | 0x20) != (name[i] | 0x20)) return false;
  }
  return true;
}

}  // namespace

WordEntry find_word(std::string_view text, const Dialect& dialect) {
  if (text.size() < 2) return {};  // many aliases, none of the words
  const Key key = key_of(text);
  for (std::size_t slot = slot_of(key, text.size()); kTable.slots[slot] != 0;
       slot = (slot + 1) % kTable.slots.size()) {
    const std::size_t index = kTable.slots[slot] - 1u;
    const Entry& entry = kTable.entries[index];
    if (entry.key != key || entry.size != text.size()) continue;
    if (text.size() > 16 && !same_middle(text, kRows[index].name)) [[unlikely]]
      continue;
    const std::uint32_t since = dialect.mariadb ? entry.mariadb_since : entry.mysql_since;
    return {entry.word, dialect.version >= since ? entry.call : Call::unknown};
  }
  return {};
}

}  // namespace lockstep::sql
