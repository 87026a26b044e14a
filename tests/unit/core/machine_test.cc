#include "core/machine.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <fstream>
#include <string>

namespace lockstep::core {
namespace {

namespace fs = std::filesystem;

/// A folder that stands for `/`, with what the kernel would show there.
struct FakeRoot {
  FakeRoot() {
    std::string name = (fs::temp_directory_path() / "lockstep-machine-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    root = name;
  }
  ~FakeRoot() { fs::remove_all(root); }

  FakeRoot& file(const fs::path& path, const std::string& text) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
    return *this;
  }
  FakeRoot& groups(const std::string& text) { return file("proc/self/cgroup", text); }
  FakeRoot& unified(const std::string& mounted_group) {
    return file("proc/self/mountinfo",
                "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:26 " + mounted_group +
                    " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  }
  FakeRoot& version_1(const std::string& mounted_group) {
    return file("proc/self/mountinfo",
                "31 22 0:27 " + mounted_group +
                    " /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n32 22 0:28 " + mounted_group +
                    " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
  }

  fs::path root;
};

const fs::path kUnified = "sys/fs/cgroup";
const fs::path kCpu = "sys/fs/cgroup/cpu,cpuacct";

}  // namespace

TEST_CASE("Without control groups, and without a limit in them, there is no quota") {
  CHECK(cpu_quota(FakeRoot().root) == std::nullopt);
  CHECK(cpu_quota(FakeRoot().groups("0::/\n").unified("/").root) == std::nullopt);
  CHECK(cpu_quota(FakeRoot().groups("0::/\n").unified("/").file(kUnified / "cpu.max", "max 100000\n").root) ==
        std::nullopt);
  CHECK(cpu_quota(FakeRoot()
                      .groups("4:cpu,cpuacct:/\n")
                      .version_1("/")
                      .file(kCpu / "cpu.cfs_quota_us", "-1\n")
                      .file(kCpu / "cpu.cfs_period_us", "100000\n")
                      .root) == std::nullopt);
}

TEST_CASE("In a container with a view of its own, the quota is that of the mounted group") {
  FakeRoot container;
  container.groups("0::/\n").unified("/").file(kUnified / "cpu.max", "200000 100000\n");
  CHECK(cpu_quota(container.root) == 2);
}

TEST_CASE("A begun CPU counts as one") {
  FakeRoot container;
  container.groups("0::/\n").unified("/").file(kUnified / "cpu.max", "250000 100000\n");
  CHECK(cpu_quota(container.root) == 3);
  container.file(kUnified / "cpu.max", "50000 100000\n");
  CHECK(cpu_quota(container.root) == 1);
}

TEST_CASE("A group has no more than those that it is in") {
  FakeRoot host;
  host.groups("0::/system.slice/lockstep.service\n").unified("/");
  host.file(kUnified / "system.slice/lockstep.service/cpu.max", "800000 100000\n");
  CHECK(cpu_quota(host.root) == 8);
  host.file(kUnified / "system.slice/cpu.max", "400000 100000\n");
  CHECK(cpu_quota(host.root) == 4);
  host.file(kUnified / "system.slice/lockstep.service/cpu.max", "max 100000\n");
  CHECK(cpu_quota(host.root) == 4);
}

TEST_CASE("Version 1: the quota of the cpu controller, in the container's view or the host's") {
  FakeRoot container;
  container.groups("5:cpuset:/docker/abc\n4:cpu,cpuacct:/docker/abc\n").version_1("/docker/abc");
  container.file(kCpu / "cpu.cfs_quota_us", "200000\n").file(kCpu / "cpu.cfs_period_us", "100000\n");
  CHECK(cpu_quota(container.root) == 2);

  FakeRoot host;
  host.groups("4:cpu,cpuacct:/docker/abc\n").version_1("/");
  host.file(kCpu / "docker/abc/cpu.cfs_quota_us", "150000\n");
  host.file(kCpu / "docker/abc/cpu.cfs_period_us", "50000\n");
  CHECK(cpu_quota(host.root) == 3);
}

TEST_CASE("A group outside of what is mounted has the quota of the mounted one") {
  FakeRoot container;
  container.groups("0::/../other\n").unified("/kubepods/pod1").file(kUnified / "cpu.max", "100000 100000\n");
  CHECK(cpu_quota(container.root) == 1);
}

}  // namespace lockstep::core
