#include "session/pin_rules.h"

namespace lockstep::session {
namespace {

using sql::Trait;
using sql::Traits;

enum class When : bool { succeeded, evaluated };

struct Beginning {
  Trait trait;
  PinReason reason;
  When when;
};
constexpr Beginning kBeginnings[] = {
    {Trait::locks_tables, PinReason::lock_tables, When::succeeded},
    {Trait::flush_read_lock, PinReason::global_read_lock, When::succeeded},
    {Trait::locks_instance, PinReason::backup_lock, When::succeeded},
    {Trait::opens_handler, PinReason::handler, When::succeeded},
    {Trait::xa_begin, PinReason::xa, When::succeeded},
    {Trait::sets_next_transaction, PinReason::next_transaction, When::succeeded},
    {Trait::uses_sequence, PinReason::sequence, When::evaluated},
    {Trait::calls_routine, PinReason::routine, When::evaluated},
    {Trait::text_execute, PinReason::routine, When::evaluated},
    {Trait::execute_immediate, PinReason::routine, When::evaluated},
    {Trait::reads_connection_identity, PinReason::connection_identity, When::succeeded},
    {Trait::replication, PinReason::replication, When::evaluated},
    {Trait::enters_resource_group, PinReason::resource_group, When::succeeded},
    {Trait::opaque, PinReason::unknown_statement, When::evaluated},
    {Trait::calc_found_rows, PinReason::found_rows, When::succeeded},
    {Trait::sets_last_insert_id, PinReason::last_insert_id, When::evaluated},
};

struct Ending {
  Trait trait;
  Pins reasons;
};
constexpr Ending kEndings[] = {
    {Trait::unlocks_tables, Pins(PinReason::lock_tables, PinReason::global_read_lock)},
    {Trait::unlocks_instance, Pins(PinReason::backup_lock)},
    {Trait::begins_transaction, kUntilCommit.with(Pins(PinReason::lock_tables))},
    {Trait::implicit_commit, kUntilCommit},
    {Trait::commits, kUntilCommit.with(Pins(PinReason::next_transaction))},
    {Trait::rolls_back, kUntilCommit.with(Pins(PinReason::next_transaction))},
    {Trait::xa_finish, Pins(PinReason::xa)},
    {Trait::leaves_resource_group, Pins(PinReason::resource_group)},
};

constexpr Traits kRuled = [] {
  Traits traits;
  for (const Beginning& row : kBeginnings) traits.add(row.trait);
  for (const Ending& row : kEndings) traits.add(row.trait);
  return traits;
}();

}  // namespace

bool touches_pins(Traits traits) {
  return traits.has_any(kRuled);
}

PinRule pin_rule(Traits traits) {
  PinRule rule;
  if (!touches_pins(traits)) return rule;
  for (const Beginning& row : kBeginnings) {
    if (!traits.has(row.trait)) continue;
    rule.begins.add(row.reason);
    if (row.when == When::evaluated) rule.begins_in_error.add(row.reason);
  }
  for (const Ending& row : kEndings) {
    if (traits.has(row.trait)) rule.ends = rule.ends.with(row.reasons);
  }
  return rule;
}

}  // namespace lockstep::session
