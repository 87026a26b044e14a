#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "mysql/auth.h"
#include "mysql/error.h"
#include "mysql/packet.h"

namespace lockstep::mysql {

/// Who may log in to lockstep. Asked again at every step of a login, so a reload in between is safe.
class UserDirectory {
 public:
  virtual const UserSecret* find_user(std::string_view name) const = 0;

 protected:
  ~UserDirectory() = default;
};

/// What the greeting tells a client.
struct ClientOffer {
  std::string_view server_version;
  std::uint32_t connection_id = 0;
  std::uint32_t capabilities = 0;
  std::uint8_t collation = 255;
  std::uint16_t status = 0x0002;
  AuthPlugin default_plugin = AuthPlugin::caching_sha2_password;
};

/// What to do after a packet of a client that logs in.
struct ClientLoginStep {
  enum class Kind : std::uint8_t {
    send,      ///< send `bytes`, then feed the client's next packet
    accepted,  ///< the client is who it says; send `bytes` (may be empty), then OK with `sequence`
    refused,   ///< send `bytes`, an ERR packet, then close
  };
  Kind kind;
  Bytes bytes;                ///< in the machine; good until the next call
  std::uint8_t sequence = 0;  ///< of the caller's OK
};

/// Plays the server's part while a client logs in, and again at COM_CHANGE_USER; it lives as long as the
/// client's connection, since COM_CHANGE_USER goes on with the nonce of the login. A user that does not exist
/// goes the same way as one with a wrong password.
class ClientLogin {
 public:
  /// `host` is how error messages name the client's address. Both references outlive the login.
  ClientLogin(const UserDirectory& users, std::string_view host, const Nonce& nonce = random_nonce());

  /// The greeting, packet 0.
  Bytes greet(const ClientOffer& offer);
  /// The client's next packet of the connection phase.
  ClientLoginStep feed(Bytes payload, std::uint8_t sequence);
  /// A COM_CHANGE_USER command; feed() goes on with it.
  ClientLoginStep change_user(Bytes payload, std::uint8_t sequence);

  // What the client said, and what its answer revealed: good once accepted.
  std::uint32_t capabilities() const { return capabilities_; }  ///< in force: stated by both sides
  std::uint32_t max_packet_bytes() const { return max_packet_bytes_; }
  std::uint16_t collation() const { return collation_; }
  const std::string& user() const { return user_; }
  const std::string& database() const { return database_; }      ///< empty: none
  const std::string& attributes() const { return attributes_; }  ///< raw; read with ConnectionAttributes
  AuthPlugin plugin() const { return plugin_; }
  const RecoveredSecret& secret() const { return secret_; }

 private:
  enum class State : std::uint8_t { await_response, await_answer, ended };

  ClientLoginStep on_response(Bytes payload);
  ClientLoginStep on_answer(Bytes answer);
  ClientLoginStep switch_plugin();
  ClientLoginStep deny(bool password_given);
  template <ErrorCode kCode, typename... Args>
  ClientLoginStep refuse(const Args&... args);
  ClientLoginStep refuse_ancient();
  bool verify(Bytes answer, const UserSecret& secret);
  AuthPlugin choose_plugin(AuthPlugin wanted) const;

  const UserDirectory& users_;
  std::string host_;
  State state_ = State::await_response;
  std::uint8_t sequence_ = 1;  // due from the client, and then ours
  AuthPlugin default_plugin_ = AuthPlugin::caching_sha2_password;
  AuthPlugin plugin_ = AuthPlugin::caching_sha2_password;  // that the answer is checked by
  Nonce nonce_;
  std::uint32_t offered_ = 0;
  std::uint32_t capabilities_ = 0;
  std::uint32_t max_packet_bytes_ = 0;
  std::uint16_t collation_ = 0;
  std::string user_;
  std::string database_;
  std::string attributes_;
  RecoveredSecret secret_;
  std::string out_;  // packets to send
};

}  // namespace lockstep::mysql
