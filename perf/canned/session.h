#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "canned/outbox.h"
#include "canned/query.h"
#include "canned/reply.h"
#include "canned/session_state.h"
#include "common/packet.h"

namespace lockstep::perf {

/// One client's dialogue with the canned server, from greeting to COM_QUIT, as a function from bytes to
/// bytes.
class Session {
 public:
  /// Writes the greeting to `out`, to which all replies go.
  Session(const CannedSettings& settings, CannedRows& table, std::uint32_t connection_id, Outbox& out);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Bytes as they come. False when the connection is to be closed once `out` is sent.
  bool feed(Bytes bytes);

 private:
  enum class Phase { handshake_response, auth_switch_response, commands };
  struct Prepared {
    std::string text;
    bool returns_rows;
  };

  std::size_t feed_packets(Bytes bytes, bool& open);
  bool on_packet(Bytes payload, std::uint8_t sequence_id);
  void greet();
  bool on_handshake_response(PacketReader reader, std::uint8_t sequence_id);
  bool request_auth_switch(std::uint8_t sequence_id);
  bool finish_login(bool accepted, std::string_view plugin, std::uint8_t sequence_id);
  bool password_matches(std::string_view plugin, std::string_view answer) const;
  bool on_command(Command command, std::string_view body);
  bool change_user(std::string_view body);
  void prepare(std::string_view text, Reply& reply);
  void execute(std::string_view body, Reply& reply);
  Reply reply(std::uint8_t sequence_id);

  const CannedSettings& settings_;
  Outbox& out_;
  std::uint32_t connection_id_;
  SessionState state_;
  Query query_;
  Phase phase_ = Phase::handshake_response;
  std::uint32_t capabilities_ = 0;
  bool multi_statements_ = false;
  bool user_known_ = false;
  std::string nonce_;
  std::string partial_;  // a packet whose end has not come
  std::map<std::uint32_t, Prepared> prepared_;
  std::uint32_t last_prepared_ = 0;
};

}  // namespace lockstep::perf
