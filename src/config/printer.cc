#include "config/printer.h"

#include <vector>

#include "base/json_text.h"
#include "config/describe.h"

namespace lockstep::config {
namespace {

/// Writes one record as an indented object; a visitor of describe().
class RecordPrinter {
 public:
  RecordPrinter(std::string& out, int depth) : out_(out), depth_(depth) {}

  template <typename Record>
  static void print_record(const Record& record, std::string& out, int depth) {
    RecordPrinter printer(out, depth + 1);
    out += '{';
    describe(record, printer);
    printer.close(depth);
    out += '}';
  }

  template <typename T>
  void setting(const char* key, const T& value, Bounds<T>, Reload) {
    const std::string json = print(value);
    if (json.empty()) return;
    begin(key);
    out_ += json;
  }

  template <typename Record>
  void section(const char* key, const Record& record) {
    begin(key);
    print_record(record, out_, depth_);
  }

  template <typename Record>
  void list(const char* key, const std::vector<Record>& records, CountBounds, Reload) {
    begin(key);
    out_ += '[';
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (i > 0) out_ += ", ";
      print_record(records[i], out_, depth_);
    }
    out_ += ']';
  }

 private:
  void begin(const char* key) {
    if (!first_) out_ += ',';
    first_ = false;
    new_line(depth_);
    append_json_text(out_, key);
    out_ += ": ";
  }
  void close(int depth) {
    if (!first_) new_line(depth);
  }
  void new_line(int depth) {
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
  }

  std::string& out_;
  int depth_;
  bool first_ = true;
};

}  // namespace

std::string to_json(const Settings& settings) {
  std::string out;
  RecordPrinter::print_record(settings, out, 0);
  out += '\n';
  return out;
}

}  // namespace lockstep::config
