#include "mysql/packet.h"

#include <doctest/doctest.h>

#include <array>

#include "mysql/connection_attributes.h"
#include "mysql/packet_assembler.h"
#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;

TEST_CASE("length-encoded integers read back as they were written, in the fewest bytes") {
  for (const std::uint64_t value :
       {0ull, 250ull, 251ull, 0xFFFFull, 0x10000ull, 0xFFFFFFull, 0x1000000ull, ~0ull}) {
    std::string bytes;
    PacketWriter(bytes).lenenc(value);
    CHECK(bytes.size() == lenenc_bytes(value));
    PacketReader reader(as_bytes(bytes));
    CHECK(reader.lenenc() == value);
    CHECK(reader.ok());
    CHECK(reader.at_end());
  }
}

TEST_CASE("a reader that ran over the end stays failed and yields nothing more") {
  const std::string bytes = hex("01 02 03");
  PacketReader reader(as_bytes(bytes));
  CHECK(reader.u16() == 0x0201);
  CHECK(reader.u32() == 0);
  CHECK(reader.u8() == 0);
  CHECK_FALSE(reader.ok());
  for (const char* bad : {"fb", "ff", "fc 01", "fd 0101", "fe 01010101", "05 61"}) {
    const std::string text = hex(bad);
    PacketReader broken(as_bytes(text));
    CHECK(broken.str_lenenc().empty());
    CHECK_FALSE(broken.ok());
  }
  PacketReader unterminated(as_bytes("abc"));
  CHECK(unterminated.str0().empty());
  CHECK_FALSE(unterminated.ok());
  PacketReader last(as_bytes("abc"));
  CHECK(last.str0_or_rest() == "abc");
}

TEST_CASE("a writer never writes beyond a fixed buffer and says so") {
  std::array<std::uint8_t, 8> buffer{};
  PacketWriter fits(MutableBytes(buffer).first(7));
  fits.begin(3).u8(1).u16(2).end();
  CHECK(fits.ok());
  CHECK(to_string(fits.written()) == hex("030000 03 01 0200"));
  PacketWriter over(MutableBytes(buffer).first(6));
  over.begin(3).u8(1).u16(2).end();
  CHECK_FALSE(over.ok());
}

TEST_CASE("a payload of 16 MB or more is split, and one of exactly that length ends with an empty packet") {
  for (const std::size_t size : {std::size_t{kMaxPayload}, std::size_t{kMaxPayload} * 2 + 3}) {
    std::string data(size, '\0');
    for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 31 >> 3);
    std::string bytes;
    PacketWriter writer(bytes);
    writer.begin(254).text(data).end();
    std::string joined;
    std::uint8_t sequence = 254;
    for (std::size_t at = 0; at < bytes.size();) {
      const auto header = parse_header(reinterpret_cast<const std::uint8_t*>(bytes.data()) + at);
      CHECK(header.sequence == sequence++);
      joined.append(bytes, at + kHeaderBytes, header.payload_bytes);
      at += kHeaderBytes + header.payload_bytes;
    }
    CHECK(joined == data);
    CHECK(writer.next_sequence() == sequence);
    CHECK(bytes.size() == size + kHeaderBytes * (size / kMaxPayload + 1));
  }
}

TEST_CASE("the assembler yields the same packets however the bytes arrive, and refuses long ones") {
  const std::string bytes = packet(0, "first") + packet(1, "") + packet(2, "third");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    PacketAssembler assembler(100);
    std::string seen;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      Bytes input = as_bytes(bytes).subspan(at, std::min(piece, bytes.size() - at));
      for (;;) {
        const auto found = assembler.feed(input);
        input = input.subspan(found.consumed);
        if (found.kind != PacketAssembler::Packet::Kind::packet) break;
        seen += std::to_string(found.sequence) + ":" + to_string(found.payload) + " ";
      }
      CHECK(input.empty());
    }
    CHECK(seen == "0:first 1: 2:third ");
    CHECK_FALSE(assembler.partial());
  }
  PacketAssembler small(4);
  CHECK(small.feed(as_bytes(bytes)).kind == PacketAssembler::Packet::Kind::too_long);
}

TEST_CASE("connection attributes are walked pair by pair up to the end or to bytes that make no sense") {
  const std::string raw = hex("03 5f6f73 05 4c696e7578 01 61 00 7f");
  ConnectionAttributes attributes(as_bytes(raw));
  ConnectionAttributes::Pair pair;
  REQUIRE(attributes.next(pair));
  CHECK(pair.key == "_os");
  CHECK(pair.value == "Linux");
  REQUIRE(attributes.next(pair));
  CHECK(pair.value.empty());
  CHECK_FALSE(attributes.next(pair));
}
