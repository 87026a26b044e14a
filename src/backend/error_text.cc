#include "backend/error_text.h"

#include <cstring>

namespace lockstep::backend {

std::string describe(Error error) {
  switch (error.fault) {
    case Fault::system: return std::strerror(-error.sys);
    case Fault::peer_closed: return "the connection was closed";
    case Fault::malformed_packet: return "a malformed packet came";
    case Fault::out_of_order: return "a packet came out of order";
    case Fault::unsupported: return "the server wants something lockstep does not speak";
    case Fault::access_denied: return "access denied";
    case Fault::unavailable: return "the server serves nobody now";
    case Fault::auth_plugin_unknown:
      return "the account's authentication plugin is none that lockstep speaks (mysql_native_password, "
             "caching_sha2_password, sha256_password)";
    case Fault::full_auth_needed:
      return "the server demands full authentication, which needs the password in clear text: configure the "
             "user's "
             "`password` instead of hashes, or log in to the server once directly so that it has the account "
             "cached";
    case Fault::other_hash_needed: return "the server wants a plugin for which no hash is configured";
    case Fault::password_too_long: return "the password is too long for the server's RSA key to encrypt";
    case Fault::limit_reached: return "a limit is reached";
    case Fault::timed_out: return "it took too long";
    case Fault::bad_value: return "a value makes no sense";
  }
  return "unknown error";
}

}  // namespace lockstep::backend
