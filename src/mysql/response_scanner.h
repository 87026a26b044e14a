#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "mysql/constants.h"

namespace lockstep::mysql {

/// What a packet (or a point between packets) means that ScanResult points out.
enum class PacketRole : std::uint8_t {
  ok,               ///< OK (00)
  result_end,       ///< FE: OK at the end of a resultset, or the only packet of COM_SET_OPTION and COM_DEBUG
  err,              ///< ERR; ends the reply
  last_word,        ///< ERR with sequence id 0 where a reply is due: said unasked by a server that hangs up
  local_infile,     ///< the server asks for a file; its reply continues after the client's data
  prepare_ok,       ///< first packet of COM_STMT_PREPARE's reply
  definitions_end,  ///< no packet: the point where a client without CLIENT_DEPRECATE_EOF expects an EOF
                    ///< packet
  row,              ///< where rows are handed out
  text,             ///< the whole reply of COM_STATISTICS
  relay,            ///< bytes of no interest that the scanner had to hold; they go to the client as they are
};

/// What feed() found. First send input[0, pass), then deal with `packet`, then go on with input[consumed,
/// ...) while there is any of it.
struct ScanResult {
  enum class Kind : std::uint8_t {
    need_more,  ///< all of the input is used up: `pass` bytes go to the client, what follows them is held
                ///< inside
    packet,     ///< `role` tells what
    malformed,  ///< the server breaks the protocol; nothing of the input may be sent
  };
  Kind kind = Kind::need_more;
  PacketRole role = PacketRole::ok;
  bool in_input =
      false;  ///< `packet` is input[pass, consumed); else it lies in the scanner until the next feed
  bool reply_done = false;  ///< the command's reply ends here
  bool has_status = false;  ///< `status` is known
  /// Status flags of an ok or result_end. Of a definitions_end: those of the resultset's end packet, where
  /// that has come already; servers put the same into the EOF packet behind the definitions.
  std::uint16_t status = 0;
  std::size_t pass = 0;
  std::size_t consumed = 0;
  MutableBytes packet;  ///< header included
};

/// Finds the end of a server's reply without reading rows. It walks packet headers: rows and column
/// definitions are passed as they lie, at memory speed; the few packets that a proxy must see are handed out
/// whole. The server is spoken to with CLIENT_DEPRECATE_EOF and without MariaDB's extended capabilities.
class ResponseScanner {
 public:
  /// Starts on the reply to `command`. `optional_metadata`: CLIENT_OPTIONAL_RESULTSET_METADATA is in force.
  void begin(Command command, bool optional_metadata);
  ScanResult feed(MutableBytes input);
  /// Whether the last reply has ended (or the command has none).
  bool idle() const { return state_ == State::idle; }

  /// Added, modulo 256, to the sequence id of every packet walked from now on, in place. Reset by begin().
  void set_sequence_shift(std::uint8_t delta) { sequence_shift_ = delta; }
  std::uint8_t sequence_shift() const { return sequence_shift_; }
  /// Report definitions_end, for a client without CLIENT_DEPRECATE_EOF. It is not reported where such a
  /// client expects no EOF packet: when a cursor was opened, the one EOF is the result_end. Kept across
  /// begin().
  void report_definitions(bool on) { report_definitions_ = on; }

  /// Hand out rows of less than 16 MB one by one. Kept across begin().
  void hand_out_rows(bool on) { hands_out_rows_ = on; }

  /// Rows of the last resultset so far.
  std::uint64_t rows() const { return rows_; }
  /// The sequence id, after shifting, of the last packet walked.
  std::uint8_t last_sequence() const { return last_sequence_; }

 private:
  enum class State : std::uint8_t {
    idle,         // between replies
    start,        // the first packet of a result
    definitions,  // `definitions_left_` column definitions
    rows,         // rows until FE or FF
    broken,       // the server broke the protocol
  };
  enum class Verdict : std::uint8_t { pass, whole, malformed };

  ScanResult walk(MutableBytes input);
  ScanResult go_on_held(MutableBytes input);
  std::uint8_t* pass_plain(std::uint8_t* at, const std::uint8_t* end);
  Verdict classify(std::uint32_t payload_bytes, std::uint8_t first) const;
  void walk_header(std::uint8_t* header);
  void pass_packet(std::uint32_t payload_bytes);
  bool end_definitions(ScanResult& result);
  bool definitions_end_before(Bytes known, std::uint32_t payload_bytes, ScanResult& result);
  bool take(Bytes payload, ScanResult& result);
  bool take_column_count(Bytes payload);
  bool take_prepare_ok(Bytes payload, ScanResult& result);
  bool take_ok(Bytes payload, PacketRole role, ScanResult& result);
  void take_last(PacketRole role, ScanResult& result);
  void hold(Bytes bytes);
  bool hold_until(std::size_t total, Bytes input, std::size_t& consumed);
  void release_held();
  ScanResult malformed();

  State state_ = State::idle;
  Command command_ = Command::COM_SLEEP;
  bool optional_metadata_ = false;
  bool report_definitions_ = false;
  bool hands_out_rows_ = false;
  bool definitions_due_ = false;  // definitions have ended, definitions_end waits for the packet behind them
  bool continuation_ = false;     // the packet that begins next continues one of kMaxPayload bytes
  bool reply_begun_ = false;
  bool handed_out_ = false;  // held_ was returned by the last feed
  std::uint8_t sequence_shift_ = 0;
  std::uint8_t last_sequence_ = 0;
  std::uint32_t definitions_left_ = 0;
  std::uint32_t later_definitions_ = 0;  // COM_STMT_PREPARE: the columns, while the parameters are walked
  std::uint32_t skip_ = 0;               // payload bytes of the current packet that are still to pass
  std::uint64_t rows_ = 0;
  std::vector<std::uint8_t> held_;  // a packet, or the head of one, that straddles receives
};

}  // namespace lockstep::mysql
