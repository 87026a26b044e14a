// Stands in for libFuzzer where the compiler has none: replays a corpus, then runs seeded random mutations of
// it.
//   TARGET CORPUS_FOLDER [MUTATIONS [SEED [FIRST]]]
// Mutation number i of a seed is always the same input, so a crash is repeated with MUTATIONS 1 and FIRST i.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "property.h"

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kInputBytesMax = 4096;
constexpr std::uint8_t kTellingBytes[] = {0x00, 0x01, 0x7F, 0x80, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF};

char crash_note[128];
int crash_note_bytes = 0;

void note(const char* what, unsigned long long seed, unsigned long long number) {
  crash_note_bytes = std::snprintf(crash_note, sizeof crash_note, "crash in %s: seed %llu, number %llu\n",
                                   what, seed, number);
}

void on_crash(int signal) {
  if (write(STDERR_FILENO, crash_note, static_cast<std::size_t>(crash_note_bytes)) < 0) std::_Exit(2);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// Runs an input in a block of exactly its size, so that a checking allocator sees every read beyond it.
void run(const Input& input) {
  const auto block = std::make_unique_for_overwrite<std::uint8_t[]>(input.size());
  std::ranges::copy(input, block.get());
  LLVMFuzzerTestOneInput(block.get(), input.size());
}

std::vector<Input> load_corpus(const char* folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<Input> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

Input mutate(const std::vector<Input>& corpus, std::mt19937_64& random) {
  const auto below = [&](std::size_t bound) {
    return bound == 0 ? 0 : static_cast<std::size_t>(random() % bound);
  };
  const auto offset = [](std::size_t at) { return static_cast<std::ptrdiff_t>(at); };
  Input input = corpus[below(corpus.size())];
  for (std::size_t steps = 1 + below(6); steps > 0; --steps) {
    const std::size_t at = below(input.size() + 1);
    const std::size_t count = std::min(below(16) + 1, input.size() - at);
    switch (below(7)) {
      case 0:
        if (at < input.size()) input[at] ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 1:
        if (at < input.size()) input[at] = kTellingBytes[below(std::size(kTellingBytes))];
        break;
      case 2: input.insert(input.begin() + offset(at), static_cast<std::uint8_t>(random())); break;
      case 3: input.erase(input.begin() + offset(at), input.begin() + offset(at + count)); break;
      case 4: input.resize(at); break;
      case 5: {
        const Input copied(input.begin() + offset(at), input.begin() + offset(at + count));
        input.insert(input.begin() + offset(below(input.size() + 1)), copied.begin(), copied.end());
        break;
      }
      default: {
        const Input& other = corpus[below(corpus.size())];
        input.insert(input.begin() + offset(at), other.begin() + offset(below(other.size() + 1)),
                     other.end());
      }
    }
    if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER [MUTATIONS [SEED [FIRST]]]\n", argv[0]);
    return 2;
  }
  const auto argument = [&](int index, unsigned long long otherwise) {
    return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
  };
  const unsigned long long mutations = argument(2, 0);
  const unsigned long long seed = argument(3, 1);
  const unsigned long long first = argument(4, 0);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) std::signal(signal, on_crash);

  const std::vector<Input> corpus = load_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: no corpus in %s\n", argv[0], argv[1]);
    return 2;
  }
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    note("corpus", 0, i);
    run(corpus[i]);
  }
  for (unsigned long long i = first; i < first + mutations; ++i) {
    note("mutation", seed, i);
    std::mt19937_64 random(seed * 0x9E3779B97F4A7C15ull + i);
    run(mutate(corpus, random));
  }
  std::printf("%zu corpus inputs and %llu mutations of seed %llu\n", corpus.size(), mutations, seed);
}
