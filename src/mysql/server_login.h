#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "mysql/auth.h"
#include "mysql/packet.h"

namespace lockstep::mysql {

/// As whom, and with what, lockstep logs in to a server.
struct ServerCredentials {
  std::string_view user;
  std::string_view database;  ///< empty: none
  const RecoveredSecret& secret;
  std::uint32_t capabilities = 0;  ///< wanted; those the server lacks are left out
  std::uint32_t max_packet_bytes = 1u << 30;
  std::uint8_t collation = 0;  ///< 0: the server's own default
  Bytes attributes;            ///< raw pairs, sent where the server takes them
  /// The server takes the connection for one that nobody listens in on, as it does a unix socket:
  /// caching_sha2_password then wants the password as it is, and would take a question for its key for one.
  bool is_secure = false;
};

/// What to do after a packet of a server that is being logged in to.
struct ServerLoginStep {
  enum class Kind : std::uint8_t {
    need_more,  ///< feed the server's next packet
    send,       ///< send `bytes` first
    done,       ///< logged in; `ok` is the server's OK payload
    failed,     ///< `error` tells why; `err` is the server's ERR payload where it sent one
  };
  Kind kind;
  Bytes bytes;  ///< in the machine; good until the next call
  Bytes ok;     ///< in the payload that was fed
  Bytes err;    ///< in the payload that was fed
  Error error{};
};

/// What a server's ERR means while one enters: Fault::limit_reached (there are too many just now),
/// Fault::unavailable (the server serves nobody), else Fault::access_denied. What comes in place of the
/// greeting is about the host that connects, whoever wants to log in.
Fault fault_of_refusal(std::uint16_t code, bool greeted);

/// Plays the client's part while lockstep logs in to a server, from the greeting to OK. Secrets may be
/// stage-1 hashes; where only those are there and the server wants full authentication, the login fails with
/// Fault::full_auth_needed, and where it wants the other hash, with Fault::other_hash_needed.
class ServerLogin {
 public:
  /// What `credentials` refers to outlives the login.
  explicit ServerLogin(const ServerCredentials& credentials) : credentials_(credentials) {}

  ServerLoginStep feed(Bytes payload, std::uint8_t sequence);

  // What the server said: good once the login is done.
  std::uint32_t capabilities() const { return capabilities_; }  ///< in force: stated by both sides
  const std::string& server_version() const { return server_version_; }
  bool is_mariadb() const { return is_mariadb_; }
  /// The plugin that the server was answered by last.
  AuthPlugin plugin() const { return plugin_; }
  /// The plugin that the server asked for last, in its own words.
  const std::string& plugin_name() const { return plugin_name_; }
  std::uint32_t connection_id() const { return connection_id_; }
  std::uint16_t status() const { return status_; }

 private:
  enum class State : std::uint8_t { await_greeting, await_verdict, await_public_key, ended };

  ServerLoginStep on_greeting(Bytes payload);
  ServerLoginStep on_verdict(Bytes payload);
  ServerLoginStep on_auth_switch(Bytes payload);
  ServerLoginStep on_more_data(Bytes data);
  ServerLoginStep on_full_authentication();
  ServerLoginStep on_public_key(Bytes pem);
  ServerLoginStep on_ok(Bytes payload);
  ServerLoginStep on_err(Bytes payload);
  ServerLoginStep fail(Fault fault);
  ServerLoginStep send(std::string_view answer);
  Result<std::string> answer() const;

  ServerCredentials credentials_;
  State state_ = State::await_greeting;
  std::uint8_t sequence_ = 0;  // due from the server
  AuthPlugin plugin_ = AuthPlugin::mysql_native_password;
  std::string plugin_name_;
  Nonce nonce_{};
  int switches_ = 0;            // AuthSwitchRequests so far
  bool password_sent_ = false;  // in any form but a scramble
  std::uint32_t capabilities_ = 0;
  std::string server_version_;
  bool is_mariadb_ = false;
  std::uint32_t connection_id_ = 0;
  std::uint16_t status_ = 0;
  std::string out_;  // packets to send
};

}  // namespace lockstep::mysql
