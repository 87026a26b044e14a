// What /sessions says of many clients, in parts of a turn each.
#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "small_world.h"

namespace lockstep::sim_test {
namespace {

/// How often each client is in the text.
void count_ids(std::string_view json, std::map<std::uint32_t, int>& found) {
  static constexpr std::string_view kId = "{\"id\":";
  for (std::size_t at = 0; (at = json.find(kId, at)) != std::string_view::npos;) {
    at += kId.size();
    ++found[static_cast<std::uint32_t>(std::stoul(std::string(json.substr(at, 12))))];
  }
}

}  // namespace

TEST_CASE(
    "A turn writes a bounded part of /sessions, and all parts together have each client that stays once") {
  constexpr int kClients = 300;
  constexpr std::size_t kPartBytesMax = 20'000;
  SmallWorld world(1, [](config::Settings& settings) {
    settings.sessions_max = 600;
    settings.ring.files_max = 1024;
  });
  std::vector<HandClient*> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(&world.client());

  std::map<std::uint32_t, int> found;
  std::size_t leaving = 0;  // every third one goes while the page is made
  int parts = 0;
  for (std::optional<std::size_t> from = 0; from; ++parts) {
    const core::Core::SessionsPart part = world.core().describe_sessions(*from);
    CHECK(part.json.size() < kPartBytesMax);
    CHECK(part.json.starts_with("{\"id\":"));
    CHECK(part.json.ends_with("}"));
    count_ids(part.json, found);
    from = part.next;
    for (int i = 0; i < 20 && leaving < clients.size(); ++i, leaving += 3) clients[leaving]->peer().close();
    world.client();
    world.client();
    if (parts == 0) CHECK(found.size() < kClients / 3);
  }
  CHECK(parts > 4);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    if (i % 3 != 0) CHECK(found[clients[i]->id()] == 1);
  }
  for (const auto& [id, times] : found) CHECK(times <= 1);
}

}  // namespace lockstep::sim_test
