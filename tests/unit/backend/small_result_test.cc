#include "backend/small_result.h"

#include <doctest/doctest.h>

#include <string>

#include "mysql/ok_packet.h"
#include "mysql/packet.h"

namespace lockstep::backend {
namespace {

using Step = SmallResult::Step;

/// A server's reply under construction.
class Reply {
 public:
  Reply& packet(std::string_view payload) {
    mysql::PacketWriter(bytes).begin(sequence_++).text(payload).end();
    return *this;
  }
  Reply& row(const std::vector<std::optional<std::string>>& values) {
    mysql::PacketWriter writer(bytes);
    writer.begin(sequence_++);
    for (const auto& value : values) value ? writer.str_lenenc(*value) : writer.u8(0xFB);
    writer.end();
    return *this;
  }
  Reply& rows_end() { return packet(std::string_view("\xFE\x00\x00\x02\x00\x00\x00", 7)); }
  Reply& ok() { return packet(std::string_view("\x00\x00\x00\x02\x00\x00\x00", 7)); }
  Reply& err(std::string_view message) {
    mysql::PacketWriter writer(bytes);
    mysql::ErrPacket{1193, "HY000", message}.encode(writer, sequence_++);
    return *this;
  }

  std::string bytes;

 private:
  std::uint8_t sequence_ = 1;
};

/// Reads replies and writes the rows down: `a|b;` with NULL for NULL.
struct Fixture {
  void begin(bool optional_metadata = false) {
    rows.clear();
    result.begin(optional_metadata, &Fixture::note_row, this);
  }
  Step feed(std::string_view bytes) { return result.feed(as_bytes(bytes), consumed); }
  Step read(std::string_view bytes) {
    begin();
    return feed(bytes);
  }
  static void note_row(void* context, const SmallResult::Row& row) {
    std::string& rows = static_cast<Fixture*>(context)->rows;
    const char* separator = "";
    for (const auto& value : row) {
      rows += separator;
      rows += value.value_or("NULL");
      separator = "|";
    }
    rows += ';';
  }

  SmallResult result;
  std::string rows;
  std::size_t consumed = 0;
};

Reply two_columns() {
  return Reply().packet("\x02").packet("a definition").packet("another");
}

TEST_CASE_FIXTURE(Fixture, "columns tell the type, the length and the sign of their values") {
  std::string definition;
  mysql::PacketWriter writer(definition);
  for (const char* name : {"def", "", "", "", "@a", ""}) writer.str_lenenc(name);
  writer.u8(0x0C).u16(63).u32(21).u8(0x08).u16(0xA0).u8(0).u16(0);
  const Reply reply =
      Reply().packet("\x02").packet(definition).packet("unreadable").row({"1", "2"}).rows_end();
  CHECK(read(reply.bytes) == Step::done);
  REQUIRE(result.columns().size() == 2);
  CHECK(result.columns()[0].type == 0x08);
  CHECK(result.columns()[0].length == 21);
  CHECK(result.columns()[0].is_unsigned);
  CHECK(result.columns()[1].type == 0);
  CHECK_FALSE(result.columns()[1].is_unsigned);
}

TEST_CASE_FIXTURE(Fixture, "rows are told as they come, NULL apart from the empty text") {
  const Reply reply = two_columns().row({"sql_mode", ""}).row({"x", std::nullopt}).rows_end();
  CHECK(read(reply.bytes) == Step::done);
  CHECK(rows == "sql_mode|;x|NULL;");
  CHECK(consumed == reply.bytes.size());
}

TEST_CASE_FIXTURE(Fixture, "a reply that arrives in two pieces reads the same wherever it is cut") {
  const Reply reply = two_columns().row({"a", std::string(300, 'b')}).row({std::nullopt, "c"}).rows_end();
  const std::string whole = "a|" + std::string(300, 'b') + ";NULL|c;";
  for (std::size_t cut = 0; cut < reply.bytes.size(); ++cut) {
    CAPTURE(cut);
    const std::string_view bytes = reply.bytes;
    begin();
    REQUIRE(feed(bytes.substr(0, cut)) == Step::need_more);
    REQUIRE(consumed == cut);
    REQUIRE(feed(bytes.substr(cut)) == Step::done);
    REQUIRE(rows == whole);
  }
}

TEST_CASE_FIXTURE(Fixture, "a reply that arrives byte by byte reads the same") {
  const Reply reply = two_columns().row({"a", "b"}).rows_end();
  begin();
  for (std::size_t i = 0; i + 1 < reply.bytes.size(); ++i)
    REQUIRE(feed({&reply.bytes[i], 1}) == Step::need_more);
  CHECK(feed({&reply.bytes.back(), 1}) == Step::done);
  CHECK(rows == "a|b;");
}

TEST_CASE_FIXTURE(Fixture, "reading stops at the reply's end, and the next reply reads from there") {
  const std::string first = two_columns().row({"a", "b"}).rows_end().bytes;
  const std::string both = first + Reply().ok().bytes;
  CHECK(read(both) == Step::done);
  CHECK(consumed == first.size());
  begin();
  CHECK(feed(std::string_view(both).substr(consumed)) == Step::done);
  CHECK(rows.empty());
}

TEST_CASE_FIXTURE(Fixture, "a result without rows is done, and so is an OK") {
  CHECK(read(two_columns().rows_end().bytes) == Step::done);
  CHECK(rows.empty());
  CHECK(read(Reply().ok().bytes) == Step::done);
}

TEST_CASE_FIXTURE(Fixture,
                  "a refusal keeps the server's words, in the place of a result and in the midst of rows") {
  CHECK(read(Reply().err("Unknown system variable 'x'").bytes) == Step::refused);
  CHECK(result.refusal().message == "Unknown system variable 'x'");
  CHECK(result.refusal().code != 0);
  CHECK(result.refusal().sql_state.size() == 5);
  CHECK(read(two_columns().row({"a", "b"}).err("Query execution was interrupted").bytes) == Step::refused);
  CHECK(result.refusal().message == "Query execution was interrupted");
  CHECK(rows == "a|b;");
  CHECK(read(Reply().packet("\xFF").bytes) == Step::malformed);
}

TEST_CASE_FIXTURE(Fixture,
                  "definitions may be left out where that was negotiated, and are there where it says so") {
  begin(/*optional_metadata=*/true);
  CHECK(feed(Reply().packet(std::string_view("\x02\x00", 2)).row({"a", "b"}).rows_end().bytes) == Step::done);
  CHECK(rows == "a|b;");
  begin(/*optional_metadata=*/true);
  CHECK(feed(Reply()
                 .packet("\x02\x01")
                 .packet("a definition")
                 .packet("another")
                 .row({"a", "b"})
                 .rows_end()
                 .bytes) == Step::done);
  CHECK(rows == "a|b;");
}

TEST_CASE_FIXTURE(Fixture, "bytes that are no result are malformed, and no row comes of them") {
  CHECK(read(Reply().packet("").bytes) == Step::malformed);
  CHECK(read(Reply()
                 .packet("\xFB"
                         "file")
                 .bytes) == Step::malformed);  // wants a file that nobody offered
  CHECK(read(Reply().packet(std::string_view("\xFC\x00\x00", 3)).bytes) ==
        Step::malformed);                                            // rows without columns
  CHECK(read(Reply().packet("\xFC\x01").bytes) == Step::malformed);  // a count that is cut
  CHECK(read(two_columns()
                 .packet("\x01"
                         "a\x05"
                         "b")
                 .bytes) == Step::malformed);  // a value that runs over the row's end
  CHECK(read(two_columns()
                 .packet("\x01"
                         "a")
                 .bytes) == Step::malformed);  // a row that lacks a value
  begin(/*optional_metadata=*/true);
  CHECK(feed(Reply().packet("\x02").bytes) == Step::malformed);  // does not say whether definitions follow
  CHECK(rows.empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "a packet too long for an answer to a question of lockstep's is refused at its header") {
  CHECK(read("\xFF\xFF\xFF\x01") == Step::malformed);
}

}  // namespace
}  // namespace lockstep::backend
