#include "mysql/request_reader.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;

namespace {

/// What is read from `bytes` received in pieces: "Q5" for the first part of a command (letter by command,
/// length of its first packet), "." where a command ends, and the bytes that came with the parts.
struct Read {
  std::string story;
  std::string output;
  bool operator==(const Read&) const = default;
};

Read read(std::string bytes, std::size_t piece, RequestReader reader = {}) {
  Read seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    MutableBytes input = mutable_bytes(bytes).subspan(at, std::min(piece, bytes.size() - at));
    while (!input.empty()) {
      const RequestPart part = reader.feed(input);
      input = input.subspan(part.consumed);
      switch (part.kind) {
        case RequestPart::Kind::need_more: CHECK(input.empty()); break;
        case RequestPart::Kind::empty: seen.story += "empty"; break;
        case RequestPart::Kind::out_of_order: seen.story += "disorder"; return seen;
        case RequestPart::Kind::part:
          if (part.first)
            seen.story +=
                std::to_string(static_cast<int>(part.command)) + ":" + std::to_string(part.payload_bytes);
          seen.output.append(as_text(part.head)).append(as_text(part.body));
          if (part.last) seen.story += ".";
          break;
      }
    }
  }
  return seen;
}

}  // namespace

TEST_CASE("a command that lies in one receive is whole, and the next one follows it") {
  std::string bytes = packet(0, hex("03") + "DO 1") + packet(0, hex("0e"));
  RequestReader reader;
  const RequestPart query = reader.feed(mutable_bytes(bytes));
  REQUIRE(query.is_whole());
  CHECK(query.command == Command::COM_QUERY);
  CHECK(query.body.size() == 9);
  const RequestPart ping = reader.feed(mutable_bytes(bytes).subspan(query.consumed));
  REQUIRE(ping.is_whole());
  CHECK(ping.command == Command::COM_PING);
  CHECK(reader.idle());
}

TEST_CASE("however the bytes arrive, the parts add up to the same commands") {
  const std::string bytes =
      packet(0, hex("03") + "SELECT 1") + packet(0, hex("0e")) + packet(0, hex("19 01000000"));
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const Read seen = read(bytes, piece);
    CHECK(seen.story == "3:9.14:1.25:5.");
    CHECK(seen.output == bytes);
  }
}

TEST_CASE("a command of 16 MB or more streams through as one, continuations included") {
  for (const std::size_t size : {std::size_t{kMaxPayload}, std::size_t{kMaxPayload} + 10}) {
    const std::string bytes = packet(0, hex("03") + std::string(size - 1, 'x')) + packet(0, hex("0e"));
    for (const std::size_t piece : {bytes.size(), std::size_t{100'003}}) {
      const Read seen = read(bytes, piece);
      CHECK(seen.story == "3:16777215.14:1.");
      CHECK((seen.output == bytes));
    }
  }
}

TEST_CASE("sequence ids begin at 0 and go on in continuations; anything else is out of order") {
  CHECK(read(packet(1, hex("0e")), 100).story == "disorder");
  std::string bytes = packet(0, hex("03") + std::string(kMaxPayload, 'x'));
  bytes[kHeaderBytes + kMaxPayload + 3] = 7;
  CHECK(read(bytes, bytes.size()).story == "3:16777215disorder");
}

TEST_CASE("a command packet without payload is told, and the reader goes on behind it") {
  const std::string bytes = packet(0, "") + packet(0, hex("0e"));
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) CHECK(read(bytes, piece).story == "empty14:1.");
}

TEST_CASE("file data runs to its empty packet, and a command may follow") {
  const std::string bytes = packet(2, "line\n") + packet(3, "line\n") + packet(4, "") + packet(0, hex("0e"));
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    RequestReader reader;
    reader.expect_file(2, 0);
    const Read seen = read(bytes, piece, reader);
    CHECK(seen.story == ".14:1.");
    CHECK(seen.output == bytes);
  }
}

TEST_CASE("file data of a client whose sequence ids are ahead reaches the server with the server's") {
  const std::string bytes = packet(5, "line\n") + packet(6, "line\n") + packet(7, "") + packet(0, hex("0e"));
  const std::string shifted =
      packet(2, "line\n") + packet(3, "line\n") + packet(4, "") + packet(0, hex("0e"));
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    RequestReader reader;
    reader.expect_file(5, 3);
    const Read seen = read(bytes, piece, reader);
    CHECK(seen.story == ".14:1.");
    CHECK(seen.output == shifted);
  }
}

TEST_CASE("how long a command is going to be is told with the first byte behind each of its headers") {
  std::string bytes = packet(0, hex("03") + std::string(kMaxPayload + 9, 'x'));
  RequestReader reader;
  const RequestPart first = reader.feed(mutable_bytes(bytes).first(100));
  CHECK(first.announced_bytes == kMaxPayload);
  const RequestPart rest = reader.feed(mutable_bytes(bytes).subspan(100, kMaxPayload + kHeaderBytes - 100));
  CHECK(rest.announced_bytes == kMaxPayload);
  const RequestPart next = reader.feed(mutable_bytes(bytes).subspan(100 + rest.consumed));
  CHECK(next.announced_bytes == kMaxPayload + 10);
}
