#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "mysql/constants.h"

namespace lockstep::mysql {

/// What feed() found in a client's bytes; go on with input[consumed, ...).
struct RequestPart {
  enum class Kind : std::uint8_t {
    need_more,     ///< less than a header and a command byte; the input is used up and held inside
    part,          ///< bytes of a command: send or keep them
    empty,         ///< a command packet without payload, to be answered with ERR 1047
    out_of_order,  ///< a sequence id that is not the next one, to be answered with ERR 1156 and a close
  };
  Kind kind = Kind::need_more;
  bool first = false;  ///< the command begins with this part
  bool last = false;   ///< the command ends with this part
  Command command{};   ///< of the command that this part belongs to
  std::size_t consumed = 0;
  Bytes head;  ///< up to four bytes that came with an earlier receive and go before `body`; good until the
               ///< next feed
  Bytes body;  ///< in the input: raw bytes, headers of this and continuation packets included
  std::uint32_t payload_bytes =
      0;                      ///< of the command's first packet; kMaxPayload means that more packets follow
  std::uint8_t sequence = 0;  ///< of the last packet begun: the reply's first packet has the next one
  std::uint64_t announced_bytes = 0;  ///< of the command's payload, by the headers seen so far; not of a file

  /// The whole command lies in `body`, as one packet.
  bool is_whole() const { return first && last && head.empty(); }
};

/// Finds the boundaries of a client's commands across receives. It holds no more than a split header: a
/// command that does not lie whole in one receive comes as parts, so one of any length streams through.
class RequestReader {
 public:
  RequestPart feed(MutableBytes input);
  /// Between two commands.
  bool idle() const { return state_ == State::header && held_ == 0 && !continuation_ && !file_; }
  /// The next packets are file data, beginning with sequence id `sequence`, until an empty one: the answer to
  /// a LOCAL INFILE request. Parts then carry data, and the last one ends with the empty packet. `shift` is
  /// by how much the client's sequence ids are ahead of the server's: it is taken off each header, in place.
  void expect_file(std::uint8_t sequence, std::uint8_t shift);

 private:
  enum class State : std::uint8_t { header, payload };

  RequestPart begin_packet(MutableBytes input);
  RequestPart take_payload(Bytes input, std::size_t at, RequestPart part);

  State state_ = State::header;
  bool continuation_ = false;  // the packet that is due, or begun, continues the one before it
  bool file_ = false;
  std::uint8_t sequence_ = 0;  // due next
  std::uint8_t file_shift_ = 0;
  std::uint8_t held_ = 0;            // bytes in head_ of a header that is not complete
  std::uint32_t payload_left_ = 0;   // of the packet begun
  std::uint32_t packet_bytes_ = 0;   // payload of the packet begun
  std::uint32_t payload_bytes_ = 0;  // payload of the command's first packet
  std::uint64_t announced_bytes_ = 0;
  Command command_{};
  std::array<std::uint8_t, kHeaderBytes> head_{};
};

}  // namespace lockstep::mysql
