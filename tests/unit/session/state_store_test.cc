#include "session/state_store.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "states.h"

namespace lockstep::session {
namespace {

TEST_CASE("the same schema is the same value with the same version, whoever selects it") {
  StateStore store;
  const std::string one = "shop", other = "shop";
  const Schema& schema = store.schema(one);
  CHECK(&store.schema(other) == &schema);
  CHECK(schema.selected);
  CHECK(schema.name == "shop");
  CHECK(store.schema("crm").version != schema.version);
  CHECK(store.schema("SHOP").version != schema.version);  // whether case counts is the server's business
}

TEST_CASE("no schema is a state of its own, and the empty name means it") {
  StateStore store;
  CHECK_FALSE(store.no_schema().selected);
  CHECK(&store.schema("") == &store.no_schema());
  CHECK(store.schema("shop").version != store.no_schema().version);
}

TEST_CASE("a schema brings its COM_INIT_DB packet along, header included") {
  StateStore store;
  CHECK(store.schema("shop").packet == std::string("\x05\x00\x00\x00\x02shop", 9));
  CHECK(store.no_schema().packet.empty());
}

TEST_CASE("equal variables have the equal version, in whichever order they were set") {
  States states;
  const Variables& one = states.of({{VariableId::time_zone, "+02:00"}, {VariableId::sql_mode, "ANSI"}});
  const Variables& other = states.of({{VariableId::sql_mode, "ANSI"}, {VariableId::time_zone, "+02:00"}});
  CHECK(&one == &other);
  CHECK(states.of({{VariableId::sql_mode, "ANSI"}}).version != one.version);
  CHECK(states.of({{VariableId::sql_mode, "ANSI"}, {VariableId::time_zone, "+03:00"}}).version !=
        one.version);
}

TEST_CASE("a change replaces, adds or takes out a value, and leaves the state it was made from as it is") {
  States states;
  const Variables& base = states.of({{VariableId::sql_mode, "ANSI"}, {VariableId::time_zone, "+02:00"}});
  const std::string_view mode = "STRICT_TRANS_TABLES", timeout = "60";
  const VariableChange changes[] = {
      {VariableId::wait_timeout, &timeout}, {VariableId::sql_mode, &mode}, {VariableId::time_zone, nullptr}};
  const Variables& changed = states.store.with(base, changes);
  REQUIRE(changed.values.size() == 2);
  CHECK(changed.find(VariableId::sql_mode)->text == mode);
  CHECK(changed.find(VariableId::wait_timeout)->text == timeout);
  CHECK(changed.find(VariableId::time_zone) == nullptr);
  CHECK(base.find(VariableId::sql_mode)->text == "ANSI");
  CHECK(base.find(VariableId::time_zone)->text == "+02:00");
}

TEST_CASE("a change to what is there already, or to what is not there, is no change") {
  States states;
  const Variables& base = states.of({{VariableId::sql_mode, "ANSI"}});
  const std::string_view same = "ANSI";
  const VariableChange changes[] = {{VariableId::sql_mode, &same}, {VariableId::time_zone, nullptr}};
  CHECK(&states.store.with(base, changes) == &base);
  CHECK(&states.store.with(base, {}) == &base);
}

TEST_CASE("values outlive the text they were made from, and later states") {
  States states;
  std::string text = "ANSI";
  const Variables& base = states.of({{VariableId::sql_mode, text}});
  text = "XXXX";
  for (int i = 0; i < 1000; ++i) states.of({{VariableId::wait_timeout, std::to_string(i)}});
  CHECK(base.find(VariableId::sql_mode)->text == "ANSI");
  CHECK(&states.of({{VariableId::sql_mode, "ANSI"}}) == &base);
  CHECK(states.store.states() == 1000 + 2);  // and the one with nothing set
}

TEST_CASE("of a hundred thousand states those in use stay as they are, and the others' memory comes back") {
  States states;
  const auto state = [&states](int timeout) -> const Variables& {
    return states.of({{VariableId::wait_timeout, std::to_string(timeout)}});
  };
  const Schema& schema = states.store.schema("shop");
  states.store.renew_schema("shop");  // somebody is still in the old one
  const Variables& used = state(1'000'000);
  const Version version = used.version;
  const std::string_view baseline = states.store.intern("REPEATABLE-READ");
  std::size_t most = 0;
  int sweeps = 0;
  for (int i = 0; i < 100'000; ++i) {
    state(i);
    states.store.renew_schema(states.store.schema(std::to_string(i)).name);
    most = std::max(most, states.store.states());
    if (!states.store.wants_sweep()) continue;
    StatesInUse in_use;
    in_use.keep(Facets{&schema, &used, false});
    in_use.keep(baseline);
    states.store.sweep(in_use);
    CHECK(states.store.states() == 2);
    ++sweeps;
  }
  CHECK(sweeps > 10);
  CHECK(most <= StateStore::kSweptFrom);
  CHECK(schema.name == "shop");
  CHECK(&state(1'000'000) == &used);
  CHECK(used.version == version);
  CHECK(states.store.intern("REPEATABLE-READ").data() == baseline.data());
  CHECK(&states.store.schema("shop") != &schema);
}

TEST_CASE("a state that comes back after a sweep has a version that no other state ever had") {
  States states;
  const Version before = states.of({{VariableId::wait_timeout, "1"}}).version;
  StatesInUse none;
  states.store.sweep(none);
  CHECK(states.of({{VariableId::wait_timeout, "1"}}).version > before);
}

TEST_CASE("the more states are in use, the rarer a sweep") {
  States states;
  StatesInUse in_use;
  for (int i = 0; !states.store.wants_sweep(); ++i)
    in_use.keep(&states.of({{VariableId::wait_timeout, std::to_string(i)}}));
  const std::size_t used = states.store.states() - 1;  // the one with nothing set is not
  states.store.sweep(in_use);
  CHECK(states.store.states() == used);
  for (int i = 0; !states.store.wants_sweep(); ++i)
    states.of({{VariableId::wait_timeout, std::to_string(1'000'000 + i)}});
  CHECK(states.store.states() >= 2 * used - 2);
}

TEST_CASE("the modes that change how text is read show in the dialect, each as a whole word of the list") {
  States states;
  const auto dialect = [&states](std::string_view mode) {
    return states.of({{VariableId::sql_mode, mode}}).dialect;
  };
  CHECK_FALSE(dialect("").ansi_quotes);
  CHECK_FALSE(dialect("STRICT_TRANS_TABLES").no_backslash_escapes);
  CHECK(dialect("ANSI_QUOTES").ansi_quotes);
  CHECK(dialect("REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,ANSI").ansi_quotes);
  CHECK(dialect("ANSI_QUOTES,NO_BACKSLASH_ESCAPES").no_backslash_escapes);
  CHECK(dialect("PIPES_AS_CONCAT,ORACLE").oracle_mode);
  CHECK_FALSE(dialect("NOT_ANSI_QUOTES,ANSI_QUOTESX").ansi_quotes);
}

TEST_CASE("the dialect follows the client's character set") {
  States states;
  const auto charset = [&states](std::string_view name) {
    return states.of({{VariableId::character_set_client, name}}).dialect.charset;
  };
  CHECK(charset("utf8mb4") == sql::ClientCharset::utf8);
  CHECK(charset("latin1") == sql::ClientCharset::other);
  CHECK(charset("gbk") == sql::ClientCharset::gbk);
}

}  // namespace
}  // namespace lockstep::session
