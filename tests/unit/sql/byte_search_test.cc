#include "sql/byte_search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string_view>

namespace lockstep::sql {
namespace {

/// As the comments of byte_search.h say it.
const char* plain_find_either(std::string_view text, char one, char other) {
  return std::ranges::find_if(text, [&](char byte) { return byte == one || byte == other; });
}

bool belongs_to_name(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z') || (value >= '0' && value <= '9') ||
         value == '_' || value == '$' || value >= 0x80;
}

/// Random bytes in memory of their own size, so that an address sanitizer sees one read too far. Most come
/// from `usual`, so that what is searched for is seldom.
class RandomText {
 public:
  RandomText(std::mt19937& random, std::string_view usual)
      : size_(random() % 100), bytes_(std::make_unique<char[]>(size_)) {
    std::generate_n(bytes_.get(), size_, [&] {
      return random() % 16 == 0 ? static_cast<char>(random()) : usual[random() % usual.size()];
    });
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
};

}  // namespace

TEST_CASE("the first of two bytes is found where reading byte by byte finds it") {
  std::mt19937 random(20261128);
  constexpr std::string_view kSearched = "'\"`\\\n*/\0";
  for (int round = 0; round < 100'000; ++round) {
    const RandomText text(random, "abcdefgh \x80\xFF");
    const char one = kSearched[random() % kSearched.size()];
    const char other = round % 4 == 0 ? one : static_cast<char>(random());
    const std::string_view view = text.view();
    REQUIRE(find_either(view.begin(), view.end(), one, other) == plain_find_either(view, one, other));
  }
}

TEST_CASE("a name ends where reading byte by byte ends it, and its bytes above 0x7F are seen") {
  std::mt19937 random(20261128);
  for (int round = 0; round < 100'000; ++round) {
    const RandomText text(random, round % 2 == 0 ? "azAZ09_$" : "azAZ09_$\x80\xFF");
    const std::string_view view = text.view();
    const char* end = std::ranges::find_if_not(view, belongs_to_name);
    bool has_high = round % 3 == 0;  // whatever it was
    REQUIRE(find_name_end(view.begin(), view.end(), has_high) == end);
    REQUIRE(has_high == std::any_of(view.begin(), end, [](char byte) { return (byte & 0x80) != 0; }));
  }
}

}  // namespace lockstep::sql
