#pragma once

#include <string>
#include <string_view>

#include "common/packet.h"

namespace lockstep::perf {

struct Account {
  std::string user = "app";
  std::string password = "app";
  std::string schema = "sbtest";
};

/// The client's part of the connection phase, from the greeting to the first OK.
class Login {
 public:
  enum class Progress { need_more, done, refused };

  Login(const Account& account, bool deprecate_eof) : account_(account), deprecate_eof_(deprecate_eof) {}

  /// Bytes as they come; what is to be sent is appended to `out`.
  Progress feed(Bytes bytes, std::string& out);
  /// Why the login was refused.
  const std::string& problem() const { return problem_; }

 private:
  Progress on_packet(Bytes payload, std::uint8_t sequence_id, std::string& out);
  Progress on_greeting(PacketReader reader, std::uint8_t sequence_id, std::string& out);
  Progress on_auth_switch(PacketReader reader, std::uint8_t sequence_id, std::string& out);
  Progress refuse(std::string why);

  const Account& account_;
  bool deprecate_eof_;
  bool greeted_ = false;
  std::string partial_;
  std::string problem_;
};

}  // namespace lockstep::perf
