#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace lockstep::mysql {

using Nonce = std::array<std::uint8_t, 20>;
using Sha1Digest = std::array<std::uint8_t, 20>;
using Sha256Digest = std::array<std::uint8_t, 32>;

/// Fresh random bytes 01..7F without '$', as servers make them: some clients treat the nonce as text.
Nonce random_nonce();

Sha1Digest sha1(Bytes bytes);
Sha256Digest sha256(Bytes bytes);

/// The plugins that lockstep logs in to servers with. Clients it logs in with the first two.
enum class AuthPlugin : std::uint8_t { mysql_native_password, caching_sha2_password, sha256_password, other };

AuthPlugin auth_plugin(std::string_view name);
std::string_view name(AuthPlugin plugin);
/// Whether a client can prove with it who it is; sha256_password shows the clear text instead.
bool is_for_clients(AuthPlugin plugin);

/// What lockstep is configured to know of a user, in any combination. Both hashes are what a server stores or
/// caches; neither is enough to log in anywhere. An empty `password` is an account without one.
struct UserSecret {
  std::optional<std::string> password;
  std::optional<Sha1Digest> native_hash;  ///< SHA1(SHA1(password))
  std::optional<Sha256Digest> sha2_hash;  ///< SHA256(SHA256(password))

  bool has_empty_password() const { return password && password->empty(); }
  bool allows(AuthPlugin plugin) const;
  /// The hash that a plugin verifies with: the stored one, else made from the password.
  std::optional<Sha1Digest> native_verifier() const;
  std::optional<Sha256Digest> sha2_verifier() const;
};

/// What is enough to log in to a server as a user: made from a password, or recovered from the user's own
/// login.
struct RecoveredSecret {
  std::optional<std::string> password;
  std::optional<Sha1Digest> native_stage1;  ///< SHA1(password)
  std::optional<Sha256Digest> sha2_stage1;  ///< SHA256(password)

  static RecoveredSecret from_password(std::string_view password);
  bool has_empty_password() const { return password && password->empty(); }
  /// Adds what `other`, which is newer, holds besides. Where the two differ the password has been changed,
  /// and the older one is forgotten.
  void learn(const RecoveredSecret& other);
};

/// A client's answer to `nonce`, from the stage-1 hash. Not for empty passwords, whose answer is empty.
Sha1Digest native_answer(const Sha1Digest& stage1, const Nonce& nonce);
Sha256Digest sha2_answer(const Sha256Digest& stage1, const Nonce& nonce);

/// Checks an answer against the stored hash; yields the stage-1 hash when it is right. Takes the same time
/// wherever the bytes differ.
std::optional<Sha1Digest> verify_native(Bytes answer, const Sha1Digest& stored, const Nonce& nonce);
std::optional<Sha256Digest> verify_sha2(Bytes answer, const Sha256Digest& stored, const Nonce& nonce);

/// The block by which sha256_password, and caching_sha2_password's full authentication, carry a password over
/// plain TCP, encrypted with the server's public key (PEM). Fails on a bad key or when the password is too
/// long for it.
Result<std::string> encrypt_password(std::string_view password, const Nonce& nonce,
                                     std::string_view public_key);

}  // namespace lockstep::mysql
