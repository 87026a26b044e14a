#include "mysql/response_scanner.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "scan_outcome.h"
#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;

namespace {

/// Writes a server's reply packet by packet, counting sequence ids from 1.
class Reply {
 public:
  Reply& add(std::string_view payload) {
    PacketWriter writer(bytes_);
    writer.begin(sequence_).text(payload).end();
    sequence_ = writer.next_sequence();
    return *this;
  }
  Reply& columns(int count) {
    add(std::string(1, static_cast<char>(count)));
    return definitions(count);
  }
  Reply& definitions(int count) {
    for (int i = 0; i < count; ++i) add(hex("03646566 00 00 00 01 63 00 0c 3f00 0b000000 03 8100 00 0000"));
    return *this;
  }
  Reply& row(std::string_view value) {
    return add(std::string(1, static_cast<char>(value.size())) + std::string(value));
  }
  Reply& ok(std::uint16_t status = 2) { return add(hex("00 00 00") + word(status) + hex("00 00")); }
  Reply& end(std::uint16_t status = 2) { return add(hex("fe 00 00") + word(status) + hex("00 00")); }
  Reply& err() { return add(hex("ff 2804 23") + "42000no"); }

  const std::string& bytes() const { return bytes_; }

 private:
  static std::string word(std::uint16_t value) {
    return {static_cast<char>(value & 0xFF), static_cast<char>(value >> 8)};
  }
  std::string bytes_;
  std::uint8_t sequence_ = 1;
};

std::vector<PacketRole> roles(const ScanOutcome& outcome) {
  std::vector<PacketRole> roles;
  for (const auto& event : outcome.events) roles.push_back(event.role);
  return roles;
}

/// The outcome of the whole input in one piece, after checking that every way to cut it in two, and pieces of
/// 1 to 9 bytes, come to the same.
ScanOutcome scan_all_ways(const std::string& input, const ScanSetup& setup) {
  const ScanOutcome whole = scan_whole(input, setup);
  for (std::size_t cut = 1; cut < std::min<std::size_t>(input.size(), 2000); ++cut) {
    bool first = true;
    const ScanOutcome two =
        scan(input, setup, [&] { return std::exchange(first, false) ? cut : input.size(); });
    CHECK_MESSAGE(two == whole, "cut at ", cut);
  }
  for (std::size_t size = 1; size < 10; ++size) CHECK(scan(input, setup, [&] { return size; }) == whole);
  return whole;
}

}  // namespace

TEST_CASE("a resultset passes untouched up to its FE-OK, which ends the reply") {
  const std::string bytes = Reply().columns(2).row("one").row("two").end(0x22).bytes();
  const ScanOutcome outcome = scan_all_ways(bytes, {});
  REQUIRE(roles(outcome) == std::vector{PacketRole::result_end});
  CHECK(outcome.output == bytes);
  CHECK(outcome.events[0].reply_done);
  CHECK(outcome.events[0].status == 0x22);
  CHECK(outcome.events[0].rows == 2);
}

TEST_CASE("a reply that lies in one receive comes as one result in the input") {
  std::string bytes = Reply().columns(1).row("1").end().bytes();
  ResponseScanner scanner;
  scanner.begin(Command::COM_QUERY, false);
  const ScanResult result = scanner.feed(mutable_bytes(bytes));
  CHECK(result.kind == ScanResult::Kind::packet);
  CHECK(result.in_input);
  CHECK(result.reply_done);
  CHECK(result.consumed == bytes.size());
  CHECK(result.pass + result.packet.size() == bytes.size());
  CHECK(scanner.idle());
  CHECK(scanner.last_sequence() == 4);
}

TEST_CASE("a scanner leaves the bytes behind the reply alone") {
  const std::string reply = Reply().ok().bytes();
  const ScanOutcome outcome = scan_whole(reply + "next", {});
  CHECK(outcome.used == reply.size());
  CHECK(outcome.output == reply);
}

TEST_CASE("MORE_RESULTS leads to the next result, and an ERR ends the reply in any of them") {
  Reply reply;
  reply.ok(0x0a).columns(1).row("x").end(0x0a).columns(1).row("y").err();
  const ScanOutcome outcome = scan_all_ways(reply.bytes(), {});
  REQUIRE(roles(outcome) == std::vector{PacketRole::ok, PacketRole::result_end, PacketRole::err});
  CHECK_FALSE(outcome.events[1].reply_done);
  CHECK(outcome.events[2].reply_done);
}

TEST_CASE("rows may begin with 00, FB and any other byte below FE") {
  Reply reply;
  reply.columns(1).add(hex("00")).add(hex("fb")).add(hex("fc 0100 61")).end();
  const ScanOutcome outcome = scan_all_ways(reply.bytes(), {});
  REQUIRE(outcome.events.size() == 1);
  CHECK(outcome.events[0].rows == 3);
}

TEST_CASE("packets as long as the one before pass like others, up to one of their length that is no row") {
  const std::string as_long_as_end = "sixsix";
  const std::string as_long_as_definition(22, 'd');
  Reply reply;
  reply.columns(3).row(as_long_as_definition).row(as_long_as_definition).row("a").row("b").row("").row("");
  reply.row(as_long_as_end).row(as_long_as_end).end(0x0a);
  reply.columns(1).row(as_long_as_end).row("longer").add(hex("ff 2804 23") + "420");
  REQUIRE(Reply().row(as_long_as_end).bytes().size() == Reply().end().bytes().size());
  REQUIRE(Reply().row(as_long_as_definition).bytes().size() == Reply().definitions(1).bytes().size());

  const ScanOutcome outcome =
      scan_all_ways(reply.bytes(), {.report_definitions = true, .shift_per_event = 1});
  REQUIRE(roles(outcome) == std::vector{PacketRole::definitions_end, PacketRole::result_end,
                                        PacketRole::definitions_end, PacketRole::err});
  CHECK(outcome.events[1].rows == 8);
  CHECK(outcome.events[3].rows == 2);
  CHECK(outcome.output.size() == reply.bytes().size());
}

TEST_CASE("a row of 16 MB or more is one row, and its continuation is never looked into") {
  for (const std::size_t size : {std::size_t{kMaxPayload} - 9, std::size_t{kMaxPayload} + 5}) {
    std::string row = hex("fe");
    const std::uint64_t length = size;
    row.append(reinterpret_cast<const char*>(&length), sizeof length).append(size, '\xff');
    Reply reply;
    reply.columns(1).add(row).row("after").end();
    for (const std::size_t piece : {reply.bytes().size(), std::size_t{65536}, std::size_t{65521}}) {
      const ScanOutcome outcome = scan(reply.bytes(), {.shift_per_event = 0}, [&] { return piece; });
      REQUIRE(roles(outcome) == std::vector{PacketRole::result_end});
      CHECK(outcome.events[0].rows == 2);
      CHECK(outcome.output == reply.bytes());
    }
  }
}

TEST_CASE("LOCAL INFILE is pointed out, and the reply goes on with the server's OK") {
  Reply reply;
  reply.add(hex("fb") + "/tmp/f").ok();
  CHECK(roles(scan_all_ways(reply.bytes(), {})) == std::vector{PacketRole::local_infile, PacketRole::ok});
}

TEST_CASE("a PREPARE reply ends after the definitions that it counts") {
  const auto prepared = [](const char* counts, int definitions) {
    return Reply().add(hex("00 01000000") + hex(counts) + hex("00 0000")).definitions(definitions).bytes();
  };
  const ScanSetup setup{.command = Command::COM_STMT_PREPARE};
  ScanSetup reporting = setup;
  reporting.report_definitions = true;

  const ScanOutcome both = scan_all_ways(prepared("0200 0100", 3), setup);
  CHECK(roles(both) == std::vector{PacketRole::prepare_ok, PacketRole::definitions_end});
  CHECK(both.events[1].reply_done);
  const ScanOutcome reported = scan_all_ways(prepared("0200 0100", 3), reporting);
  CHECK(roles(reported) ==
        std::vector{PacketRole::prepare_ok, PacketRole::definitions_end, PacketRole::definitions_end});
  CHECK_FALSE(reported.events[1].reply_done);
  CHECK(reported.events[2].reply_done);
  CHECK(roles(scan_all_ways(prepared("0000 0100", 1), reporting)) ==
        std::vector{PacketRole::prepare_ok, PacketRole::definitions_end});
  CHECK(roles(scan_all_ways(prepared("0000 0000", 0), reporting)) == std::vector{PacketRole::prepare_ok});
  CHECK(roles(scan_all_ways(Reply().err().bytes(), setup)) == std::vector{PacketRole::err});
}

TEST_CASE("optional metadata: flag 0 means that rows follow the column count at once") {
  Reply none;
  none.add(hex("01 00")).row("x").end();
  const ScanSetup setup{.command = Command::COM_QUERY, .optional_metadata = true};
  CHECK(scan_all_ways(none.bytes(), setup).events.at(0).rows == 1);
  Reply full;
  full.add(hex("01 01")).definitions(1).row("x").end();
  CHECK(scan_all_ways(full.bytes(), setup).events.at(0).rows == 1);

  Reply prepare;
  prepare.add(hex("00 01000000 0100 0100 00 0000 00"));
  const ScanOutcome outcome =
      scan_all_ways(prepare.bytes(), {.command = Command::COM_STMT_PREPARE, .optional_metadata = true});
  CHECK(outcome.events.at(0).reply_done);
}

TEST_CASE("an opened cursor ends the reply, and FETCH goes on in the rows") {
  const ScanSetup execute{.command = Command::COM_STMT_EXECUTE, .report_definitions = true};
  const ScanOutcome opened = scan_all_ways(Reply().columns(1).end(0x42).bytes(), execute);
  REQUIRE(roles(opened) == std::vector{PacketRole::result_end});  // its EOF packet is the only one
  CHECK(opened.events[0].reply_done);

  Reply rows;
  rows.add(hex("00 00 01000000")).add(hex("00 00 02000000")).end(0x82);
  const ScanOutcome fetched = scan_all_ways(rows.bytes(), {.command = Command::COM_STMT_FETCH});
  REQUIRE(roles(fetched) == std::vector{PacketRole::result_end});
  CHECK(fetched.events[0].rows == 2);
}

TEST_CASE("CURSOR_EXISTS of a procedure's own cursor does not end the results of its CALL") {
  const ScanSetup setup{.report_definitions = true};
  Reply reply;  // as MariaDB sends it: AUTOCOMMIT, MORE_RESULTS, NO_INDEX_USED and CURSOR_EXISTS
  reply.columns(1).row("x").end(0x6a).columns(1).end(0x6a).ok();
  const ScanOutcome outcome = scan_all_ways(reply.bytes(), setup);
  CHECK(roles(outcome) == std::vector{PacketRole::definitions_end, PacketRole::result_end,
                                      PacketRole::definitions_end, PacketRole::result_end, PacketRole::ok});
  CHECK(outcome.events.back().reply_done);
  CHECK(outcome.output == reply.bytes());
}

TEST_CASE("definitions_end lies before the first row, the end packet of an empty resultset and an ERR") {
  const ScanSetup setup{.report_definitions = true};
  const std::string head = Reply().columns(2).bytes();
  const std::vector<std::pair<Reply, PacketRole>> cases{
      {Reply().columns(2).row("x").end(), PacketRole::result_end},
      {Reply().columns(2).end(), PacketRole::result_end},
      {Reply().columns(2).err(), PacketRole::err}};
  for (const auto& [reply, last] : cases) {
    const ScanOutcome outcome = scan_all_ways(reply.bytes(), setup);
    REQUIRE(roles(outcome) == std::vector{PacketRole::definitions_end, last});
    CHECK(outcome.events[0].output_bytes == head.size());
    CHECK(outcome.output == reply.bytes());
  }
}

TEST_CASE("definitions_end tells the status of the resultset's end where that has come already") {
  bool hands_out_rows = false;
  const auto status_of = [&](const Reply& reply, std::size_t cut) {
    std::string bytes = reply.bytes();
    ResponseScanner scanner;
    scanner.report_definitions(true);
    scanner.hand_out_rows(hands_out_rows);
    scanner.begin(Command::COM_QUERY, false);
    const ScanResult result = scanner.feed(mutable_bytes(bytes).first(bytes.size() - cut));
    CHECK(result.role == PacketRole::definitions_end);
    return result.has_status ? int{result.status} : -1;
  };
  for (const bool hands_out : {false, true}) {
    hands_out_rows = hands_out;
    CHECK(status_of(Reply().columns(1).row("x").row("y").end(0x2a), 0) == 0x2a);
    CHECK(status_of(Reply().columns(1).row("x").row("y").end(0x2a), 1) == -1);
    CHECK(status_of(Reply().columns(1).end(0x22), 0) == 0x22);
    CHECK(status_of(Reply().columns(1).row("x").err(), 0) == -1);
  }
}

TEST_CASE("the sequence shift applies to every packet behind the point where it is set") {
  Reply reply;
  reply.columns(1).row("x").end(0x0a).columns(1).row("y").row("z").end();
  const ScanOutcome outcome =
      scan_all_ways(reply.bytes(), {.report_definitions = true, .shift_per_event = 1});
  std::vector<int> ids;
  for (std::size_t at = 0; at < outcome.output.size();) {
    const auto header = parse_header(reinterpret_cast<const std::uint8_t*>(outcome.output.data()) + at);
    ids.push_back(header.sequence);
    at += kHeaderBytes + header.payload_bytes;
  }
  CHECK(ids == std::vector{1, 2, 4, 5, 6, 7, 9, 10, 11});
}

TEST_CASE("commands with replies of their own shape") {
  const auto roles_of = [](Command command, const Reply& reply) {
    const ScanOutcome outcome = scan_all_ways(reply.bytes(), {.command = command});
    CHECK(outcome.used == reply.bytes().size());
    return roles(outcome);
  };
  CHECK(roles_of(Command::COM_PING, Reply().ok()) == std::vector{PacketRole::ok});
  CHECK(roles_of(Command::COM_STATISTICS, Reply().add("Uptime: 1")) == std::vector{PacketRole::text});
  CHECK(roles_of(Command::COM_SET_OPTION, Reply().end()) == std::vector{PacketRole::result_end});
  CHECK(roles_of(Command::COM_DEBUG, Reply().err()) == std::vector{PacketRole::err});
  CHECK(roles_of(Command::COM_FIELD_LIST, Reply().definitions(3).end()) ==
        std::vector{PacketRole::result_end});
  CHECK(roles_of(Command::COM_BINLOG_DUMP, Reply().add(hex("00 11 22")).add(hex("fe 0000 0200"))) ==
        std::vector{PacketRole::result_end});
  ResponseScanner scanner;
  for (const Command command :
       {Command::COM_STMT_CLOSE, Command::COM_STMT_SEND_LONG_DATA, Command::COM_QUIT}) {
    scanner.begin(command, false);
    CHECK(scanner.idle());
  }
}

TEST_CASE("rows are handed out one by one where that is asked for") {
  const Reply reply = Reply().columns(1).row("7").row("").row(std::string(200, 'x')).end();
  for (const bool report_definitions : {false, true}) {
    const ScanOutcome outcome =
        scan_all_ways(reply.bytes(), {.report_definitions = report_definitions, .hand_out_rows = true});
    std::vector expected{PacketRole::row, PacketRole::row, PacketRole::row, PacketRole::result_end};
    if (report_definitions) expected.insert(expected.begin(), PacketRole::definitions_end);
    CHECK(roles(outcome) == expected);
    CHECK(outcome.output == reply.bytes());
    CHECK(outcome.events.back().rows == 3);
  }
  const Reply failing = Reply().columns(1).row("7").err();
  CHECK(roles(scan_all_ways(failing.bytes(), {.hand_out_rows = true})) ==
        std::vector{PacketRole::row, PacketRole::err});
}

TEST_CASE("packets that no reply can have are malformed, for good") {
  const auto is_malformed = [](const std::string& bytes, Command command = Command::COM_QUERY) {
    return scan_all_ways(bytes, {.command = command}).malformed;
  };
  CHECK(is_malformed(packet(1, "")));                          // empty first packet
  CHECK(is_malformed(packet(1, hex("fe"))));                   // FE where a result begins
  CHECK(is_malformed(packet(1, hex("fc 00"))));                // cut column count
  CHECK(is_malformed(packet(1, hex("fe ffffffffffffffff"))));  // absurd column count
  CHECK(is_malformed(packet(1, hex("00 00"))));                // OK without status
  CHECK(is_malformed(packet(1, hex("01")) + packet(2, hex("fe 00 00 0200 0000"))));  // FE among definitions
  CHECK(is_malformed(Reply().columns(1).add("").bytes()));                           // empty row
  CHECK(is_malformed(packet(1, hex("00 01")), Command::COM_STMT_PREPARE));
  ResponseScanner scanner;
  std::string bytes = packet(1, "");
  scanner.begin(Command::COM_QUERY, false);
  CHECK(scanner.feed(mutable_bytes(bytes)).kind == ScanResult::Kind::malformed);
  CHECK(scanner.feed(mutable_bytes(bytes)).kind == ScanResult::Kind::malformed);
  CHECK_FALSE(scanner.idle());
}

TEST_CASE("an ERR with sequence id 0 is the last word of a server, unless ids have come round to it") {
  std::string err = packet(0, hex("ff bf0f 23") + "HY000inactive");
  ResponseScanner scanner;
  scanner.begin(Command::COM_QUERY, false);
  const ScanResult unasked = scanner.feed(mutable_bytes(err));
  CHECK(unasked.role == PacketRole::last_word);
  CHECK(unasked.reply_done);

  Reply reply;
  reply.columns(1);
  for (int i = 0; i < 256 - 3; ++i) reply.row("x");
  std::string rows = reply.err().bytes();
  REQUIRE(rows[rows.size() - 8 - kHeaderBytes - 1] == 0);
  scanner.begin(Command::COM_QUERY, false);
  const ScanResult failed = scanner.feed(mutable_bytes(rows));
  CHECK(failed.role == PacketRole::err);
}
