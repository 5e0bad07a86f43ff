/* Control groups of both versions, from files of the test's own: which group, which limits, how
 * much of them, and what becomes of it in the CPU's device and in its samples. */
#include "bench/devices/cgroup.h"
#include "bench/devices/device.h"
#include "bench/devices/processors.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct temporary root;

/* Makes the folders on the way too. */
static void put(const char *name, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s", temporary_path(&root, name));
    for (char *slash = path + strlen(root.path) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    file_write_text(path, text);
}

/* --- the machines ----------------------------------------------------------------------------- */

/* One hierarchy, this process two groups below where it is mounted. */
static void version_2(void) {
    put("proc/self/cgroup", "0::/user/job\n");
    put("proc/self/mountinfo",
        "22 1 0:21 / /proc rw shared:5 - proc proc rw\n"
        "29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
}

/* A hierarchy a controller, and one of version 2 without any. */
static void version_1(void) {
    put("proc/self/cgroup", "9:name=systemd:/\n"
                            "4:memory:/job\n"
                            "3:cpuset:/\n"
                            "2:cpu,cpuacct:/job/part\n"
                            "0::/elsewhere\n");
    put("proc/self/mountinfo",
        "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
        "32 31 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
}

/* A container that sees its own group alone, and in /proc the host's path of it. */
static void container_of_version_1(void) {
    put("proc/self/cgroup", "4:memory:/docker/0123\n2:cpu,cpuacct:/docker/0123\n");
    put("proc/self/mountinfo",
        "33 31 0:30 /docker/0123 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
        "35 31 0:32 /docker/0123 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
}

static struct cgroup found(void) {
    struct cgroup cgroup;
    cgroup_find(root.path, &cgroup);
    return cgroup;
}

static void check_quota(double processors, const char *file) {
    const struct cgroup cgroup = found();
    struct cgroup_quota quota;
    cgroup_read_quota(&cgroup, &quota);
    assert_true(quota.processors == processors);
    assert_string_equal(quota.file, *file ? temporary_path(&root, file) : "");
}

/* --- processors' time ------------------------------------------------------------------------- */

TEST_IN_TEMPORARY(a_quota_of_version_2, &root) {
    version_2();
    check_quota((double)INFINITY, "");
    put("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
    check_quota((double)INFINITY, "");
    put("sys/fs/cgroup/user/job/cpu.max", "150000 100000\n");
    check_quota(1.5, "sys/fs/cgroup/user/job/cpu.max");
    /* The group above has less, and that counts. */
    put("sys/fs/cgroup/user/cpu.max", "50000 100000\n");
    check_quota(0.5, "sys/fs/cgroup/user/cpu.max");
    put("sys/fs/cgroup/user/cpu.max", "garbage\n");
    check_quota(1.5, "sys/fs/cgroup/user/job/cpu.max");
}

TEST_IN_TEMPORARY(a_quota_of_version_1, &root) {
    version_1();
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/cpu,cpuacct/job/part/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu,cpuacct/job/part/cpu.cfs_period_us", "100000\n");
    check_quota((double)INFINITY, "");
    put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "125000\n");
    put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "50000\n");
    check_quota(2.5, "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us");
}

TEST_IN_TEMPORARY(a_container_has_its_own_group_alone, &root) {
    container_of_version_1();
    put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    check_quota(2.0, "sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    /* A path that leads out of what is seen. */
    put("proc/self/cgroup", "0::/../sibling\n");
    put("proc/self/mountinfo", "29 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    put("sys/fs/cgroup/cpu.max", "300000 100000\n");
    check_quota(3.0, "sys/fs/cgroup/cpu.max");
}

TEST_IN_TEMPORARY(without_groups_there_is_no_limit, &root) {
    struct cgroup_memory memory;
    check_quota((double)INFINITY, "");
    const struct cgroup cgroup = found();
    cgroup_read_memory(&cgroup, &memory);
    assert_true(memory.limit == SIZE_MAX && memory.available == SIZE_MAX);
    assert_int_equal(cgroup_read_throttled(&cgroup), 0);
}

/* --- threads ---------------------------------------------------------------------------------- */

static int threads_for(const char *quota) {
    struct processors processors;
    put("sys/fs/cgroup/user/job/cpu.max", quota);
    processors_read(root.path, &processors);
    return processors.threads;
}

TEST_IN_TEMPORARY(a_quota_bounds_the_threads, &root) {
    struct processors processors;
    struct message message;
    int threads;
    version_2();
    const int all = threads_for("max 100000\n");
    assert_int_equal(threads_for("100000 100000\n"), 1);
    assert_int_equal(threads_for("20000 100000\n"), 1);
    assert_int_equal(threads_for("110000 100000\n"), all < 2 ? all : 2);
    assert_int_equal(threads_for("900000000 100000\n"), all);
    (void)threads_for("50000 100000\n");
    processors_read(root.path, &processors);
    assert_int_equal(processors_choose(&processors, 0, &threads, &message), STATUS_OK);
    assert_int_equal(threads, 1);
    processors.count = 2; /* on any machine */
    assert_int_equal(processors_choose(&processors, 2, &threads, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "--threads 2: the quota in "));
    assert_non_null(
        strstr(message.text, "user/job/cpu.max is worth 0.5 processors; give at most 1"));
}

/* --- memory ----------------------------------------------------------------------------------- */

static void check_memory(size_t limit, size_t available, const char *file) {
    const struct cgroup cgroup = found();
    struct cgroup_memory memory;
    cgroup_read_memory(&cgroup, &memory);
    assert_int_equal(memory.limit, limit);
    assert_int_equal(memory.available, available);
    assert_string_equal(memory.file, temporary_path(&root, file));
}

TEST_IN_TEMPORARY(memory_of_version_2, &root) {
    version_2();
    put("sys/fs/cgroup/user/job/memory.max", "max\n");
    put("sys/fs/cgroup/user/memory.max", "1000000\n");
    put("sys/fs/cgroup/user/memory.current", "300000\n");
    put("sys/fs/cgroup/user/memory.stat", "anon 100\ninactive_file 50000\nactive_file 7\n");
    check_memory(1000000, 750000, "sys/fs/cgroup/user/memory.max");
    /* The lower limit may leave more. */
    put("sys/fs/cgroup/user/job/memory.max", "900000\n");
    put("sys/fs/cgroup/user/job/memory.current", "10000\n");
    check_memory(900000, 750000, "sys/fs/cgroup/user/job/memory.max");
    put("sys/fs/cgroup/user/memory.current", "3000000\n");
    check_memory(900000, 0, "sys/fs/cgroup/user/job/memory.max");
}

TEST_IN_TEMPORARY(memory_of_version_1, &root) {
    version_1();
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("sys/fs/cgroup/memory/memory.usage_in_bytes", "5\n");
    put("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "629145600\n");
    put("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "629145600\n");
    put("sys/fs/cgroup/memory/job/memory.stat", "inactive_file 7\ntotal_inactive_file 4096\n");
    check_memory(629145600, 4096, "sys/fs/cgroup/memory/job/memory.limit_in_bytes");
}

static void device_open(struct device *device) {
    struct message message;
    if (device_cpu_open_at(device, "/nonexistent", root.path, &message) != STATUS_OK)
        fail_msg("%s", message.text);
}

TEST_IN_TEMPORARY(the_device_has_what_the_group_leaves, &root) {
    struct device device;
    struct message message;
    size_t available, total;
    void *pointer = NULL;
    version_2();
    put("sys/fs/cgroup/user/job/memory.max", "20000000\n");
    put("sys/fs/cgroup/user/job/memory.current", "1000000\n");
    device_open(&device);
    assert_int_equal(device.memory(&device, &available, &total, &message), STATUS_OK);
    assert_int_equal(available, 19000000);
    assert_true(total > available); /* the machine's */
    assert_int_equal(device.allocate(&device, 25 << 20, &pointer, &message), STATUS_NO_MEMORY);
    assert_string_equal(message.text, "no memory for 26214400 bytes; 19000000 bytes are available");
    assert_int_equal(device.close(&device, &message), STATUS_OK);
}

/* --- throttling ------------------------------------------------------------------------------- */

/* A sample is throttled when the kernel held the group back between the timer's start and its end,
 * the own group or one above it that has a quota. */
static void check_throttled(const char *quiet, const char *loud) {
    struct device device;
    struct message message;
    char reasons[128];
    double seconds;
    put(quiet, "nr_periods 9\nnr_throttled 100\n");
    put(loud, "nr_periods 9\nnr_throttled 3\nthrottled_usec 17\n");
    device_open(&device);
    assert_non_null(device.throttled);
    assert_int_equal(device.timer_start(&device, &message), STATUS_OK);
    put(quiet, "nr_periods 10\nnr_throttled 101\n"); /* of a group without a quota */
    assert_int_equal(device.timer_stop(&device, &seconds, &message), STATUS_OK);
    assert_false(device.throttled(&device, reasons, sizeof reasons));
    put(loud, "nr_periods 12\nnr_throttled 5\nthrottled_usec 29\n");
    assert_true(device.throttled(&device, reasons, sizeof reasons));
    assert_string_equal(reasons, "the cgroup's CPU quota is used up");
    assert_int_equal(device.timer_start(&device, &message), STATUS_OK);
    assert_false(device.throttled(&device, reasons, sizeof reasons));
    assert_int_equal(device.close(&device, &message), STATUS_OK);
}

TEST_IN_TEMPORARY(throttling_of_version_2, &root) {
    version_2();
    put("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/user/cpu.max", "50000 100000\n");
    check_throttled("sys/fs/cgroup/user/job/cpu.stat", "sys/fs/cgroup/user/cpu.stat");
}

TEST_IN_TEMPORARY(throttling_of_version_1, &root) {
    version_1();
    put("sys/fs/cgroup/cpu,cpuacct/job/part/cpu.cfs_quota_us", "1000\n");
    put("sys/fs/cgroup/cpu,cpuacct/job/part/cpu.cfs_period_us", "100000\n");
    check_throttled("sys/fs/cgroup/cpu,cpuacct/cpu.stat",
                    "sys/fs/cgroup/cpu,cpuacct/job/part/cpu.stat");
}

TEST_IN_TEMPORARY(without_a_quota_nothing_tells, &root) {
    struct device device;
    struct message message;
    version_2();
    device_open(&device);
    assert_null(device.throttled);
    assert_int_equal(device.close(&device, &message), STATUS_OK);
}
