#include "mysql/auth.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;

namespace {

Nonce counting_nonce() {
  Nonce nonce;
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<std::uint8_t>(i + 1);
  return nonce;
}

}  // namespace

TEST_CASE("the stored hash of a native password is the one that servers show") {
  // SELECT PASSWORD('password') on any server.
  CHECK(to_string(sha1(sha1(as_bytes("password")))) == hex("2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"));
}

TEST_CASE("a verified native answer yields the stage-1 hash that logs in elsewhere") {
  const Sha1Digest stage1 = sha1(as_bytes("secret"));
  const Nonce nonce = counting_nonce();
  const Sha1Digest answer = native_answer(stage1, nonce);
  CHECK(verify_native(answer, sha1(stage1), nonce) == stage1);

  Sha1Digest wrong = answer;
  wrong[19] ^= 1;
  CHECK_FALSE(verify_native(wrong, sha1(stage1), nonce));
  CHECK_FALSE(verify_native(Bytes(answer).first(19), sha1(stage1), nonce));
  CHECK_FALSE(verify_native({}, sha1(stage1), nonce));
}

TEST_CASE("a verified caching_sha2 answer yields the stage-1 hash that logs in elsewhere") {
  const Sha256Digest stage1 = sha256(as_bytes("secret"));
  const Nonce nonce = counting_nonce();
  const Sha256Digest answer = sha2_answer(stage1, nonce);
  CHECK(verify_sha2(answer, sha256(stage1), nonce) == stage1);
  CHECK_FALSE(verify_sha2(answer, sha256(as_bytes("other")), nonce));
  CHECK_FALSE(verify_sha2(Bytes(answer).first(20), sha256(stage1), nonce));
}

TEST_CASE("a nonce has no byte that a client would take for an end or a separator") {
  for (int i = 0; i < 1000; ++i) {
    for (const std::uint8_t byte : random_nonce())
      CHECK_MESSAGE((byte > 0 && byte < 0x80 && byte != '$'), byte);
  }
  CHECK(random_nonce() != random_nonce());
}

TEST_CASE("a user's secret allows the plugins that it can verify") {
  const UserSecret password{.password = "p", .native_hash = {}, .sha2_hash = {}};
  CHECK(password.allows(AuthPlugin::mysql_native_password));
  CHECK(password.allows(AuthPlugin::caching_sha2_password));
  CHECK_FALSE(password.allows(AuthPlugin::other));
  const UserSecret hashed{.password = {}, .native_hash = sha1(sha1(as_bytes("p"))), .sha2_hash = {}};
  CHECK(hashed.allows(AuthPlugin::mysql_native_password));
  CHECK_FALSE(hashed.allows(AuthPlugin::caching_sha2_password));
  CHECK(hashed.native_verifier() == password.native_verifier());
  CHECK_FALSE(hashed.sha2_verifier());
}

TEST_CASE("the block of full authentication decrypts to the masked password with its NUL") {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  REQUIRE(key != nullptr);
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, key);
  char* pem = nullptr;
  const long pem_bytes = BIO_get_mem_data(bio, &pem);
  const Nonce nonce = counting_nonce();
  const auto block =
      encrypt_password("secret of more than twenty bytes", nonce, {pem, static_cast<std::size_t>(pem_bytes)});
  REQUIRE(block);
  CHECK(block->size() == 256);

  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  EVP_PKEY_decrypt_init(context);
  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
  std::string plain(256, '\0');
  std::size_t plain_bytes = plain.size();
  const int decrypted = EVP_PKEY_decrypt(context, reinterpret_cast<std::uint8_t*>(plain.data()), &plain_bytes,
                                         reinterpret_cast<const std::uint8_t*>(block->data()), block->size());
  REQUIRE(decrypted == 1);
  plain.resize(plain_bytes);
  for (std::size_t i = 0; i < plain.size(); ++i)
    plain[i] = static_cast<char>(plain[i] ^ nonce[i % nonce.size()]);
  CHECK(plain == std::string("secret of more than twenty bytes") + '\0');

  const auto too_long =
      encrypt_password(std::string(300, 'x'), nonce, {pem, static_cast<std::size_t>(pem_bytes)});
  REQUIRE_FALSE(too_long);
  CHECK(too_long.error().fault == Fault::password_too_long);
  CHECK_FALSE(encrypt_password("p", nonce, "no key"));
  EVP_PKEY_CTX_free(context);
  BIO_free(bio);
  EVP_PKEY_free(key);
}

TEST_CASE("what is known of a secret grows with logins, until one shows that the password was changed") {
  const RecoveredSecret full = RecoveredSecret::from_password("secret");
  RecoveredSecret known{.password = {}, .native_stage1 = full.native_stage1, .sha2_stage1 = {}};
  known.learn({.password = {}, .native_stage1 = {}, .sha2_stage1 = full.sha2_stage1});
  CHECK(known.native_stage1 == full.native_stage1);
  CHECK(known.sha2_stage1 == full.sha2_stage1);

  const RecoveredSecret changed = RecoveredSecret::from_password("other");
  known.learn({.password = {}, .native_stage1 = {}, .sha2_stage1 = changed.sha2_stage1});
  CHECK_FALSE(known.native_stage1);
  CHECK(known.sha2_stage1 == changed.sha2_stage1);
}
