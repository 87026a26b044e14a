#include "metrics/counters.h"

namespace lockstep::metrics {

#define LABEL_TEXT(name, text) text,

const char* text(PinReason reason) {
  static constexpr const char* kText[] = {
#define PIN_REASON LABEL_TEXT
#include "metrics/labels.def"
  };
  return kText[static_cast<std::size_t>(reason)];
}

const char* text(StatementKind kind) {
  static constexpr const char* kText[] = {
#define STATEMENT_KIND LABEL_TEXT
#include "metrics/labels.def"
  };
  return kText[static_cast<std::size_t>(kind)];
}

const char* text(Facet facet) {
  static constexpr const char* kText[] = {
#define FACET LABEL_TEXT
#include "metrics/labels.def"
  };
  return kText[static_cast<std::size_t>(facet)];
}

const char* text(SyncForm form) {
  static constexpr const char* kText[] = {
#define SYNC_FORM LABEL_TEXT
#include "metrics/labels.def"
  };
  return kText[static_cast<std::size_t>(form)];
}

const char* text(Drift drift) {
  static constexpr const char* kText[] = {
#define DRIFT LABEL_TEXT
#include "metrics/labels.def"
  };
  return kText[static_cast<std::size_t>(drift)];
}

}  // namespace lockstep::metrics
