#include "mysql/auth.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <memory>

#include "base/invariant.h"

namespace lockstep::mysql {
namespace {

template <auto kFree>
struct Freed {
  void operator()(auto* object) const { kFree(object); }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using PublicKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;

template <std::size_t kBytes>
std::array<std::uint8_t, kBytes> digest(Bytes bytes, const EVP_MD* algorithm) {
  std::array<std::uint8_t, kBytes> out;
  unsigned written = 0;
  INVARIANT(EVP_Digest(bytes.data(), bytes.size(), out.data(), &written, algorithm, nullptr) == 1);
  INVARIANT(written == kBytes);
  return out;
}

template <std::size_t kFirst, std::size_t kSecond>
std::array<std::uint8_t, kFirst + kSecond> joined(const std::array<std::uint8_t, kFirst>& first,
                                                  const std::array<std::uint8_t, kSecond>& second) {
  std::array<std::uint8_t, kFirst + kSecond> both;
  std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), both.begin()));
  return both;
}

template <std::size_t kBytes>
void exclusive_or(std::array<std::uint8_t, kBytes>& target, const std::uint8_t* other) {
  for (std::size_t i = 0; i < kBytes; ++i) target[i] ^= other[i];
}

/// What an answer is the stage-1 hash XORed with.
Sha1Digest native_mask(const Sha1Digest& stored, const Nonce& nonce) {
  return sha1(joined(nonce, stored));
}
Sha256Digest sha2_mask(const Sha256Digest& stored, const Nonce& nonce) {
  return sha256(joined(stored, nonce));
}

template <typename Digest>
bool equal(const Digest& a, const Digest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Nonce random_nonce() {
  Nonce nonce;
  // Of 7 random bits, 00 and '$' are drawn again: a remapping would make other bytes likelier.
  for (std::uint8_t& byte : nonce) {
    do {
      INVARIANT(RAND_bytes(&byte, 1) == 1);
      byte &= 0x7F;
    } while (byte == 0 || byte == '$');
  }
  return nonce;
}

Sha1Digest sha1(Bytes bytes) {
  return digest<20>(bytes, EVP_sha1());
}
Sha256Digest sha256(Bytes bytes) {
  return digest<32>(bytes, EVP_sha256());
}

AuthPlugin auth_plugin(std::string_view name) {
  if (name == "mysql_native_password") return AuthPlugin::mysql_native_password;
  if (name == "caching_sha2_password") return AuthPlugin::caching_sha2_password;
  if (name == "sha256_password") return AuthPlugin::sha256_password;
  return AuthPlugin::other;
}

std::string_view name(AuthPlugin plugin) {
  switch (plugin) {
    case AuthPlugin::mysql_native_password: return "mysql_native_password";
    case AuthPlugin::caching_sha2_password: return "caching_sha2_password";
    case AuthPlugin::sha256_password: return "sha256_password";
    case AuthPlugin::other: break;
  }
  return "";
}

bool is_for_clients(AuthPlugin plugin) {
  return plugin == AuthPlugin::mysql_native_password || plugin == AuthPlugin::caching_sha2_password;
}

bool UserSecret::allows(AuthPlugin plugin) const {
  switch (plugin) {
    case AuthPlugin::mysql_native_password: return password || native_hash;
    case AuthPlugin::caching_sha2_password: return password || sha2_hash;
    case AuthPlugin::sha256_password:
    case AuthPlugin::other: break;
  }
  return false;
}

std::optional<Sha1Digest> UserSecret::native_verifier() const {
  if (native_hash || !password) return native_hash;
  return sha1(sha1(as_bytes(*password)));
}

std::optional<Sha256Digest> UserSecret::sha2_verifier() const {
  if (sha2_hash || !password) return sha2_hash;
  return sha256(sha256(as_bytes(*password)));
}

RecoveredSecret RecoveredSecret::from_password(std::string_view password) {
  return {std::string(password), sha1(as_bytes(password)), sha256(as_bytes(password))};
}

void RecoveredSecret::learn(const RecoveredSecret& other) {
  const auto differ = [](const auto& mine, const auto& theirs) { return mine && theirs && *mine != *theirs; };
  if (differ(password, other.password) || differ(native_stage1, other.native_stage1) ||
      differ(sha2_stage1, other.sha2_stage1)) {
    *this = other;
    return;
  }
  if (other.password) password = other.password;
  if (other.native_stage1) native_stage1 = other.native_stage1;
  if (other.sha2_stage1) sha2_stage1 = other.sha2_stage1;
}

Sha1Digest native_answer(const Sha1Digest& stage1, const Nonce& nonce) {
  Sha1Digest answer = stage1;
  exclusive_or(answer, native_mask(sha1(stage1), nonce).data());
  return answer;
}

Sha256Digest sha2_answer(const Sha256Digest& stage1, const Nonce& nonce) {
  Sha256Digest answer = stage1;
  exclusive_or(answer, sha2_mask(sha256(stage1), nonce).data());
  return answer;
}

std::optional<Sha1Digest> verify_native(Bytes answer, const Sha1Digest& stored, const Nonce& nonce) {
  if (answer.size() != stored.size()) return std::nullopt;
  Sha1Digest stage1 = native_mask(stored, nonce);
  exclusive_or(stage1, answer.data());
  if (!equal(sha1(stage1), stored)) return std::nullopt;
  return stage1;
}

std::optional<Sha256Digest> verify_sha2(Bytes answer, const Sha256Digest& stored, const Nonce& nonce) {
  if (answer.size() != stored.size()) return std::nullopt;
  Sha256Digest stage1 = sha2_mask(stored, nonce);
  exclusive_or(stage1, answer.data());
  if (!equal(sha256(stage1), stored)) return std::nullopt;
  return stage1;
}

Result<std::string> encrypt_password(std::string_view password, const Nonce& nonce,
                                     std::string_view public_key) {
  const Bio pem(BIO_new_mem_buf(public_key.data(), static_cast<int>(public_key.size())));
  const PublicKey key(PEM_read_bio_PUBKEY(pem.get(), nullptr, nullptr, nullptr));
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) return fail(Fault::malformed_packet);
  const KeyContext context(EVP_PKEY_CTX_new(key.get(), nullptr));
  if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1) {
    return fail(Fault::malformed_packet);
  }

  // The NUL behind the password is masked as well.
  std::string masked(password.data(), password.size());
  masked.push_back('\0');
  for (std::size_t i = 0; i < masked.size(); ++i)
    masked[i] = static_cast<char>(masked[i] ^ nonce[i % nonce.size()]);

  std::size_t block_bytes = static_cast<std::size_t>(EVP_PKEY_size(key.get()));
  std::string block(block_bytes, '\0');
  const bool encrypted =
      EVP_PKEY_encrypt(context.get(), reinterpret_cast<std::uint8_t*>(block.data()), &block_bytes,
                       reinterpret_cast<const std::uint8_t*>(masked.data()), masked.size()) == 1;
  OPENSSL_cleanse(masked.data(), masked.size());
  if (!encrypted) return fail(Fault::password_too_long);
  block.resize(block_bytes);
  return block;
}

}  // namespace lockstep::mysql
