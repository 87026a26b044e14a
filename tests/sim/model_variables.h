#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::sim_test {

/// A session variable of the model server.
struct ModelVariable {
  enum class Kind { flag, number, sql_mode, character_set, collation, text, read_only };
  Kind kind;
  std::string global;         ///< what DEFAULT means, and a session is born with
  std::uint64_t minimum = 0;  ///< of a number: a smaller one is raised to it, as servers do
};

const std::map<std::string, ModelVariable>& model_variables();

/// The value that assigning `text` gives, as a tracker tells it; nullopt when the server refuses it.
std::optional<std::string> adjusted(const ModelVariable& variable, std::string_view text);

/// The collation that SET NAMES gives; empty for a character set that the model does not have.
std::string default_collation(std::string_view character_set);
/// The character set of a collation; empty for one that the model does not have.
std::string character_set_of(std::string_view collation);
/// Empty for an id that the model does not have.
std::string collation_of_id(std::uint8_t id);
/// Empty for a collation that the model does not have.
std::string id_of_collation(std::string_view collation);

}  // namespace lockstep::sim_test
