#include "common/scramble.h"

#include <openssl/evp.h>

#include "common/packet.h"

namespace lockstep::perf {
namespace {

std::string digest(const EVP_MD* algorithm, std::string_view first, std::string_view second = "") {
  std::string input(first);
  input.append(second);
  std::string output(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), '\0');
  EVP_Digest(input.data(), input.size(), reinterpret_cast<unsigned char*>(output.data()), nullptr, algorithm,
             nullptr);
  return output;
}

std::string exclusive_or(std::string left, std::string_view right) {
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = static_cast<char>(left[i] ^ right[i]);
  return left;
}

}  // namespace

std::string scramble(std::string_view plugin, std::string_view password, std::string_view nonce) {
  if (password.empty()) return {};
  if (plugin == kNativePlugin) {
    const std::string once = digest(EVP_sha1(), password);
    return exclusive_or(once, digest(EVP_sha1(), nonce, digest(EVP_sha1(), once)));
  }
  if (plugin == kSha2Plugin) {
    const std::string once = digest(EVP_sha256(), password);
    return exclusive_or(once, digest(EVP_sha256(), digest(EVP_sha256(), once), nonce));
  }
  return {};
}

}  // namespace lockstep::perf
