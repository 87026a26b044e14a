#pragma once

#include <cstddef>

#include "base/invariant.h"

namespace lockstep {

/// A place in one IntrusiveList. An object that may be in two lists at once has two, told apart by `Tag`.
template <typename Tag = void>
class ListHook {
 public:
  ListHook() = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { INVARIANT(!linked()); }

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    INVARIANT(linked());
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename, typename>
  friend class IntrusiveList;
  ListHook* next_ = nullptr;
  ListHook* previous_ = nullptr;
};

/// A doubly linked list through the objects themselves: no allocation, removal in O(1). Owns nothing; `T`
/// derives from ListHook<Tag>.
template <typename T, typename Tag = void>
class IntrusiveList {
  using Hook = ListHook<Tag>;

 public:
  IntrusiveList() { head_.next_ = head_.previous_ = &head_; }
  ~IntrusiveList() {
    INVARIANT(empty());
    head_.next_ = head_.previous_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }
  void push_back(T& item) { insert_before(head_, item); }
  void push_front(T& item) { insert_before(*head_.next_, item); }
  T& front() { return from(*head_.next_); }
  T& back() { return from(*head_.previous_); }
  T& pop_front() {
    INVARIANT(!empty());
    T& item = front();
    static_cast<Hook&>(item).unlink();
    return item;
  }

  /// The last `count` items or fewer, from the back: `visit` answers true to stop.
  template <typename Visit>
  void each_from_back(std::size_t count, Visit&& visit) {
    for (Hook* at = head_.previous_; at != &head_ && count-- != 0; at = at->previous_) {
      if (visit(from(*at))) return;
    }
  }

  template <typename Item, typename ItemHook>
  class BasicIterator {
   public:
    explicit BasicIterator(ItemHook* at) : at_(at) {}
    Item& operator*() const { return static_cast<Item&>(*at_); }
    Item* operator->() const { return &static_cast<Item&>(*at_); }
    BasicIterator& operator++() {
      at_ = at_->next_;
      return *this;
    }
    bool operator==(const BasicIterator&) const = default;

   private:
    ItemHook* at_;
  };
  using Iterator = BasicIterator<T, Hook>;
  using ConstIterator = BasicIterator<const T, const Hook>;
  Iterator begin() { return Iterator(head_.next_); }
  Iterator end() { return Iterator(&head_); }
  ConstIterator begin() const { return ConstIterator(head_.next_); }
  ConstIterator end() const { return ConstIterator(&head_); }

 private:
  static T& from(Hook& hook) { return static_cast<T&>(hook); }
  static void insert_before(Hook& place, T& item) {
    Hook& hook = item;
    INVARIANT(!hook.linked());
    hook.next_ = &place;
    hook.previous_ = place.previous_;
    place.previous_->next_ = &hook;
    place.previous_ = &hook;
  }

  Hook head_;
};

}  // namespace lockstep
