#include "base/intrusive_list.h"

#include <doctest/doctest.h>

#include <vector>

using lockstep::IntrusiveList;
using lockstep::ListHook;

namespace {

struct ByAge;
struct Item : ListHook<>, ListHook<ByAge> {
  explicit Item(int value) : value(value) {}
  int value;
};
using List = IntrusiveList<Item>;
using AgeList = IntrusiveList<Item, ByAge>;

std::vector<int> values(List& list) {
  std::vector<int> seen;
  for (const Item& item : list) seen.push_back(item.value);
  return seen;
}

/// Empties a list, as lists and items that end while linked break an invariant.
void clear(List& list) {
  while (!list.empty()) list.pop_front();
}

}  // namespace

TEST_CASE("Items stand in the order they were pushed, at either end.") {
  Item one(1), two(2), three(3);
  List list;
  CHECK(list.empty());
  list.push_back(two);
  list.push_back(three);
  list.push_front(one);
  CHECK(values(list) == std::vector{1, 2, 3});
  CHECK(list.front().value == 1);
  CHECK(list.back().value == 3);
  clear(list);
}

TEST_CASE("An item leaves from any place and can come back.") {
  Item one(1), two(2), three(3);
  List list;
  for (Item* item : {&one, &two, &three}) list.push_back(*item);
  static_cast<ListHook<>&>(two).unlink();
  CHECK(values(list) == std::vector{1, 3});
  CHECK_FALSE(static_cast<ListHook<>&>(two).linked());
  list.push_back(two);
  CHECK(values(list) == std::vector{1, 3, 2});
  CHECK(&list.pop_front() == &one);
  CHECK(values(list) == std::vector{3, 2});
  clear(list);
}

TEST_CASE("An item with two hooks is in two lists at once, each with its own order.") {
  Item one(1), two(2);
  List list;
  AgeList by_age;
  list.push_back(one);
  list.push_back(two);
  by_age.push_front(one);
  by_age.push_front(two);
  CHECK(list.front().value == 1);
  CHECK(by_age.front().value == 2);
  clear(list);
  CHECK_FALSE(by_age.empty());
  by_age.pop_front();
  by_age.pop_front();
  CHECK(by_age.empty());
}
