#include "session/user_variables.h"

#include <doctest/doctest.h>

#include <string>

namespace lockstep::session {
namespace {

constexpr std::size_t kBytesMax = 1000;

std::string kept_name(std::string_view written, bool has_escapes = false) {
  const UserVariableName name(written, has_escapes);
  return name.odd() ? "odd" : std::string(name.text());
}

TEST_CASE("names are kept in lower case; what servers compare by more than their bytes is odd") {
  CHECK(kept_name("Mixed.Name$1") == "mixed.name$1");
  CHECK(kept_name("with space") == "with space");
  CHECK(kept_name("with space ") == "odd");
  CHECK(kept_name("") == "odd");
  CHECK(kept_name("\xC3\xA9") == "odd");
  CHECK(kept_name("ti`ck") == "odd");
  CHECK(kept_name("plain", /*has_escapes=*/true) == "odd");
  CHECK(kept_name(std::string(64, 'x')) == std::string(64, 'x'));
  CHECK(kept_name(std::string(65, 'x')) == "odd");
}

/// The literal that is made of what a client wrote; empty where only the server knows.
std::string of_text(std::string_view written, StringContext context = {"utf8mb4", "utf8mb4_general_ci"}) {
  UserValue value;
  return read_user_value(written, context, value) ? value.literal : "";
}

TEST_CASE("numbers of a SET are told with their type") {
  CHECK(of_text("5") == "5");
  CHECK(of_text("-5") == "-5");
  CHECK(of_text("00042") == "42");
  CHECK(of_text("9223372036854775807") == "9223372036854775807");
  CHECK(of_text("9223372036854775808") == "9223372036854775808");
  CHECK(of_text("18446744073709551615") == "18446744073709551615");
  CHECK(of_text("-9223372036854775808") == "-9223372036854775808");
  CHECK(of_text("18446744073709551616") == "");
  CHECK(of_text("-9223372036854775809") == "");
  CHECK(of_text("1.50") == "1.50");
  CHECK(of_text("-.5") == "-.5");
  CHECK(of_text("1e10") == "1e10");
  CHECK(of_text(std::string(40, '1') + ".5") == "");
  CHECK(of_text("TRUE") == "1");
  CHECK(of_text("false") == "0");
  CHECK(of_text("NULL") == "");
  CHECK(of_text("0x41") == "");
}

TEST_CASE("strings of a SET are told where no conversion can change them") {
  CHECK(of_text("'abc'") == "_utf8mb4'abc' COLLATE utf8mb4_general_ci");
  CHECK(of_text("\"a b\"") == "_utf8mb4'a b' COLLATE utf8mb4_general_ci");
  CHECK(of_text("'it''s'") == "_utf8mb4 X'69742773' COLLATE utf8mb4_general_ci");
  CHECK(of_text("''") == "_utf8mb4 X'' COLLATE utf8mb4_general_ci");
  CHECK(of_text("'\xC3\xA9'") == "_utf8mb4 X'C3A9' COLLATE utf8mb4_general_ci");
  CHECK(of_text("'\xC3'") == "");
  CHECK(of_text("'a' 'b'") == "");
  CHECK(of_text("X'41'") == "X'41'");
  CHECK(of_text("N'a'") == "");
}

TEST_CASE("what decides how a string is read is taken into account") {
  CHECK(of_text("'a\\n'", {"utf8mb4", "utf8mb4_bin"}) == "_utf8mb4 X'610A' COLLATE utf8mb4_bin");
  CHECK(of_text("'a\\n'", {"utf8mb4", "utf8mb4_bin", false}) == "_utf8mb4 X'615C6E' COLLATE utf8mb4_bin");
  CHECK(of_text("''", {"utf8mb4", "utf8mb4_bin", true, true}) == "");
  CHECK(of_text("'a'", {"latin1", "utf8mb4_bin"}) == "_utf8mb4'a' COLLATE utf8mb4_bin");
  CHECK(of_text("'\xE9'", {"latin1", "latin1_swedish_ci"}) == "");
  CHECK(of_text("'a'", {"utf8mb4", "ucs2_general_ci"}) == "");
  CHECK(of_text("'a'", {"utf8mb4", ""}) == "");
}

std::string of_answer(const UserVariableAnswer& answer) {
  UserValue value;
  if (!read_user_value(answer, value)) return "";
  return value.is_null ? value.literal + ",NULL" : value.literal;
}

TEST_CASE("an answer's type, sign, collation and bytes are written back as they are") {
  const auto number = [](std::uint8_t type, bool is_unsigned, std::optional<std::string_view> digits) {
    return of_answer(
        {.column_type = type, .is_unsigned = is_unsigned, .collation = "binary", .bytes = digits});
  };
  CHECK(number(0x08, false, "-5") == "-5");
  CHECK(number(0x08, true, "5") == "CAST(5 AS UNSIGNED)");
  CHECK(number(0x08, true, "18446744073709551615") == "18446744073709551615");
  CHECK(number(0x08, false, std::nullopt) == "0,NULL");
  CHECK(number(0xF6, false, "1.50") == "1.50");
  CHECK(number(0xF6, false, "10") == "10.");
  CHECK(number(0x05, false, "0.30000000000000004") == "0.30000000000000004e0");
  CHECK(number(0x05, false, "1e301") == "1e301");
  CHECK(number(0x05, false, "nan") == "");
  CHECK(number(0xFF, false, "geometry") == "");
  const auto text = [](std::string_view collation, std::optional<std::string_view> bytes) {
    return of_answer({.column_type = 0xFB, .collation = collation, .bytes = bytes});
  };
  CHECK(text("latin1_german1_ci", "\xE9") == "_latin1 X'E9' COLLATE latin1_german1_ci");
  CHECK(text("binary", std::string_view("\0\xFF", 2)) == "_binary X'00FF'");
  CHECK(text("utf8mb3_general_ci", "abc") == "_utf8mb3'abc' COLLATE utf8mb3_general_ci");
  CHECK(text("utf8mb3_general_ci", "\xF0\x9F\x98\x80") == "");
  CHECK(text("utf8mb4_bin", std::nullopt) == "_utf8mb4 X'' COLLATE utf8mb4_bin,NULL");
  CHECK(text("sjis_japanese_ci", "\x93\xFA") == "");
  CHECK(text("utf8mb4_bin;DROP", "x") == "");
}

TEST_CASE("a variable that nobody has set has a column of its own kind") {
  const UserVariableAnswer mysql{
      .column_type = 0xFD, .column_length = 65532, .collation = "binary", .bytes = {}};
  const UserVariableAnswer mariadb{
      .column_type = 0xFB, .column_length = 16777216, .collation = "binary", .bytes = {}};
  const UserVariableAnswer null{
      .column_type = 0xFB, .column_length = 16777215, .collation = "binary", .bytes = {}};
  CHECK(mysql.is_unset());
  CHECK(mariadb.is_unset());
  CHECK_FALSE(null.is_unset());
}

TEST_CASE("a client's variables count what is unread, and the bytes of what is known") {
  UserVariables own;
  own.at("b");
  own.at("a");
  CHECK(own.unread() == 2);
  CHECK(own.begin()->name == "a");
  CHECK(own.set_known(own.at("a"), {"12345", false}, 1, kBytesMax));
  CHECK(own.unread() == 1);
  CHECK(own.bytes() == 5);
  CHECK(own.set_known(own.at("a"), {"1", false}, 2, kBytesMax));
  CHECK(own.bytes() == 1);
  CHECK_FALSE(own.set_known(own.at("b"), {std::string(kBytesMax, 'x'), false}, 3, kBytesMax));
  CHECK(own.at("b").state == UserVariables::State::held);
  CHECK(own.unread() == 0);
  own.set_unread(own.at("b"));
  own.set_unread(own.at("a"));
  CHECK(own.unread() == 2);
  CHECK(own.bytes() == 0);
  own.remove("a");
  CHECK(own.unread() == 1);
  CHECK(own.find("a") == nullptr);
}

TEST_CASE("equal values of two clients are found equal, long ones by their number alone") {
  UserVariables own;
  UserVariablesThere there;
  const std::string text = "'" + std::string(100, 'x') + "'";
  REQUIRE(own.set_known(own.at("short"), {"5", false}, 1, kBytesMax));
  REQUIRE(own.set_known(own.at("long"), {text, false}, 2, kBytesMax));
  there.set("short", {"5", false}, 7);
  CHECK(UserVariablesThere::same(*there.find("short"), own.at("short")));
  there.set("short", {"5", true}, 7);
  CHECK_FALSE(UserVariablesThere::same(*there.find("short"), own.at("short")));
  there.set("long", {text, false}, 7);
  CHECK_FALSE(UserVariablesThere::same(*there.find("long"), own.at("long")));
  there.set("long", {text, false}, 2);
  CHECK(UserVariablesThere::same(*there.find("long"), own.at("long")));
  there.set_unknown("short");
  CHECK_FALSE(UserVariablesThere::same(*there.find("short"), own.at("short")));
}

TEST_CASE(
    "a variable whose type has changed is to be brought again, and one that this made is there as NULL") {
  UserVariables own;
  REQUIRE(own.set_known(own.at("a"), {"5", false}, 1, kBytesMax));
  REQUIRE(own.set_known(own.at("b"), {"5", true}, 2, kBytesMax));
  UserVariablesThere there;
  CHECK(there.take_over(own.at("a")));
  CHECK(there.take_over(own.at("b")));
  there.set_retyped("a");
  there.set_retyped("b");
  CHECK(there.take_over(own.at("a")));
  CHECK(there.take_over(own.at("b")));
  CHECK_FALSE(there.take_over(own.at("b")));
  there.set_retyped("c");
  CHECK(there.find("c") != nullptr);
  CHECK_FALSE(there.clear("c"));
}

TEST_CASE("a server session knows whether any of its variables holds something") {
  UserVariablesThere there;
  CHECK_FALSE(there.any_set());
  there.set("a", {"5", false}, 1);
  there.set("b", {"5", true}, 2);
  CHECK(there.any_set());
  there.set_null("a");
  CHECK_FALSE(there.any_set());
  CHECK(there.size() == 2);
  there.set_unknown("b");
  CHECK(there.any_set());
  there.remove("b");
  CHECK_FALSE(there.any_set());
}

TEST_CASE("what a client needs of its variables is assigned once, and what others left is cleared once") {
  UserVariables own;
  REQUIRE(own.set_known(own.at("b"), {"2", false}, 12, kBytesMax));
  REQUIRE(own.set_known(own.at("d"), {"4", false}, 14, kBytesMax));
  own.at("e");  // only its server session knows the value
  REQUIRE(own.set_known(own.at("f"), {"6", false}, 16, kBytesMax));
  UserVariablesThere there;
  there.set("a", {"1", false}, 1);
  there.set("b", {"3", false}, 2);
  there.set("c", {"3", true}, 3);
  there.set("d", {"4", false}, 4);
  there.set_unknown("e");
  there.set_unknown("g");
  std::string calls;
  const auto assign = [&](const UserVariables::Variable& variable) {
    calls += variable.name + "=" + variable.value.literal + ' ';
  };
  const auto clear = [&](std::string_view name) { calls += std::string(name) + "- "; };

  there.take_over(own, assign, clear);
  CHECK(calls == "a- b=2 f=6 g- ");
  calls.clear();
  there.take_over(own, assign, clear);
  CHECK(calls.empty());
  CHECK_FALSE(there.find("e")->is_null);

  there.set("b", {"9", false}, 9);
  CHECK(there.take_over(*own.find("b")));
  CHECK_FALSE(there.take_over(*own.find("b")));
  CHECK_FALSE(there.take_over(*own.find("e")));
  CHECK(there.clear("e"));
  CHECK_FALSE(there.clear("e"));
  CHECK_FALSE(there.clear("not there"));

  there.clear_all(clear);
  CHECK(calls == "b- d- f- ");
  CHECK_FALSE(there.any_set());
}

TEST_CASE("one SET assigns several; NULL comes behind a value of its type") {
  std::string text;
  UserVariableSet set(text);
  CHECK(set.empty());
  set.assign("a", {"5", false});
  set.assign("b c", {"_utf8mb4'x' COLLATE utf8mb4_bin", true});
  set.assign_null("d");
  CHECK(text == "SET @`a`=5,@`b c`=_utf8mb4'x' COLLATE utf8mb4_bin,@`b c`=NULL,@`d`=X'',@`d`=NULL");
}

}  // namespace
}  // namespace lockstep::session
