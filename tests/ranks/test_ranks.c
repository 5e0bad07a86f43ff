/* Ranks that agree, and sums over them. The tests start this program again under mpirun; called
 * with a word it is a rank, and ends with 0 where what it found is right.
 */
#define TESTS_OWN_MAIN
#include "common/narrow.h"
#include "ranks/ranks.h"
#include "reference/collectives/collectives.h"
#include "tests/support/launching.h"
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- as a rank -------------------------------------------------------------------------------- */

enum { ENDED = 9, WRONG = 1 };

static void end(enum status status, const char *sentence) {
    (void)status;
    if (sentence)
        fprintf(stderr, "ended: %s\n", sentence);
    _exit(ENDED);
}

static bool agrees(struct ranks *ranks) {
    struct message message = {""};
    const int mine = ranks_number(ranks), count = ranks_count(ranks);
    bool right = ranks_agree(ranks, STATUS_OK, &message) == STATUS_OK;
    right &= ranks_slowest(ranks, (double)mine) == (double)(count - 1);
    right &= ranks_least(ranks, 7 - mine) == 8 - count;
    right &= !ranks_any(ranks, false);
    right &= ranks_any(ranks, mine == count - 1);
    right &= ranks_same(ranks, UINT64_MAX - 3);
    right &= !ranks_same(ranks, UINT64_MAX - (mine == 1));
    right &= !ranks_same(ranks, (uint64_t)(mine == 1) << 40);
    const double before = ranks_clock(ranks);
    right &= ranks_clock(ranks) >= before;
    /* Of the worst status the first rank that has it tells. */
    (void)message_set(&message, STATUS_IO, "disk %d", mine);
    const enum status status = mine == 0 ? STATUS_OK : mine == 2 ? STATUS_UNSUPPORTED : STATUS_IO;
    right &= ranks_agree(ranks, status, &message) == STATUS_IO;
    right &= strstr(message.text, "rank 1 on ") && strstr(message.text, ": disk 1");
    int all[8] = {0};
    ranks_gather(ranks, &mine, all, sizeof mine);
    for (int i = 0; i < count; i++)
        right &= all[i] == i;
    int first = mine;
    ranks_broadcast(ranks, &first, sizeof first);
    return right && first == 0;
}

static bool is_alike(struct ranks *ranks) {
    struct message message = {""};
    bool right = ranks_check_alike(ranks, "call", "gemm", &message) == STATUS_OK;
    const char *text = ranks_number(ranks) == 2 ? "gemm --quick" : "gemm";
    right &= ranks_check_alike(ranks, "call", text, &message) == STATUS_INVALID;
    return right && strstr(message.text, "rank 2 on ") && strstr(message.text, "'gemm --quick'");
}

/* One rank asks what the others do not. */
static bool is_out_of_step(struct ranks *ranks) {
    struct message message = {"no memory for a row"};
    if (ranks_number(ranks) == 1)
        (void)ranks_agree(ranks, STATUS_NO_MEMORY, &message);
    else
        ranks_meet(ranks);
    return false;
}

/* One rank dies while the others wait for it. As in the program, SIGTERM ends nothing at once: the
 * launcher sends it to the ones that are left, which by then all ignore it. */
static bool is_mourned(struct ranks *ranks) {
    if (signal(SIGTERM, SIG_IGN) == SIG_ERR)
        return false;
    ranks_keep(ranks, "all is in some/folder");
    ranks_meet(ranks);
    if (ranks_number(ranks) == 1)
        (void)kill(getpid(), SIGKILL);
    ranks_meet(ranks);
    return false;
}

/* Two are stopped, the first among them: the one that is left says so. */
static bool is_given_up(struct ranks *ranks) {
    if (signal(SIGTERM, SIG_IGN) == SIG_ERR)
        return false;
    ranks_keep(ranks, "all is in some/folder");
    if (ranks_number(ranks) < 2)
        (void)kill(getpid(), SIGSTOP);
    ranks_meet(ranks);
    return false;
}

/* Small whole numbers: every order of a sum gives the same, in 16 bits too. */
static float term(int rank, int64_t i) {
    return (float)((i + 3 * rank) % 5);
}

static void element_write(enum dtype dtype, void *data, int64_t i, float value) {
    const uint32_t bits = (uint32_t)value; /* 0 to 4 */
    static const uint16_t f16[] = {0, 0x3C00, 0x4000, 0x4200, 0x4400};
    static const uint16_t bf16[] = {0, 0x3F80, 0x4000, 0x4040, 0x4080};
    if (dtype == DTYPE_F32)
        ((float *)data)[i] = value;
    else
        ((uint16_t *)data)[i] = dtype == DTYPE_F16 ? f16[bits] : bf16[bits];
}

static bool sums_right(struct ranks *ranks, allreduce_kernel *kernel, enum dtype dtype,
                       int64_t count) {
    enum { MOST = 1000 };
    float in[MOST], out[MOST + 1], scratch[MOST];
    struct message message = {""};
    struct execution execution = {.message = &message, .ranks = ranks};
    for (int64_t i = 0; i < count; i++)
        element_write(dtype, in, i, term(ranks_number(ranks), i));
    memset(out, 0x7f, sizeof out);
    const struct allreduce_problem problem = {dtype, count, in, out, scratch};
    bool right = kernel(&problem, &execution) == STATUS_OK;
    for (int64_t i = 0; i < count && right; i++) {
        double sum = 0.0;
        for (int r = 0; r < ranks_count(ranks); r++)
            sum += (double)term(r, i);
        right = (double)dtype_element(out, dtype, i) == sum;
    }
    const unsigned char *behind =
        (unsigned char *)out + (size_t)count * (dtype == DTYPE_F32 ? 4 : 2);
    return right && *behind == 0x7f;
}

static bool sums(struct ranks *ranks) {
    static allreduce_kernel *const kernels[] = {allreduce_ring, allreduce_recursive, allreduce_mpi,
                                                allreduce_shared};
    static const enum dtype dtypes[] = {DTYPE_F32, DTYPE_BF16, DTYPE_F16};
    static const int64_t counts[] = {1, 2, 3, 5, 64, 999};
    bool right = true;
    const size_t kernel_count = ranks_share_memory(ranks) ? 4 : 3; /* one rank shares with nobody */
    for (size_t k = 0; k < kernel_count; k++)
        for (size_t d = 0; d < 3; d++)
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
                right &= sums_right(ranks, kernels[k], dtypes[d], counts[c]);
    float data[100];
    const float weight = 2.0F;
    double sums_of_doubles[] = {0.5, 1.5};
    for (int i = 0; i < 100; i++)
        data[i] = (float)i;
    for (int i = 0; i < 50; i++) /* more than can be under way */
        ranks_mean_begin(ranks, &(struct ranks_mean){data + 2 * i, 2, weight, 1});
    ranks_mean_finish(ranks);
    for (int i = 0; i < 100; i++)
        right &= data[i] == (float)(i * 2 * ranks_count(ranks));
    /* Neighbours from above and from below, and one apart. */
    static const int pieces[][2] = {{40, 10}, {30, 10}, {50, 10}, {0, 7}, {99, 1}};
    for (int i = 0; i < 100; i++)
        data[i] = (float)i;
    for (int i = 0; i < 5; i++)
        ranks_mean_begin(ranks, &(struct ranks_mean){data + pieces[i][0], pieces[i][1], weight, 1});
    ranks_mean_finish(ranks);
    for (int i = 0; i < 100; i++) {
        const bool summed = i < 7 || (i >= 30 && i < 60) || i == 99;
        right &= data[i] == (float)(summed ? i * 2 * ranks_count(ranks) : i);
    }
    ranks_sum(ranks, sums_of_doubles, 2);
    return right && sums_of_doubles[1] == 1.5 * ranks_count(ranks);
}

/* Sums one behind the other, each written over at once: what a slow rank still reads no fast one
 * writes. Weights differ from rank to rank. */
enum { SHARED_MOST = 150000 };
static bool sums_shared(struct ranks *ranks, float *data) {
    enum { TURNS = 200 };
    static const int64_t counts[] = {SHARED_MOST, 65537, 100003, 1, 65536};
    static float seen[SHARED_MOST];
    const int mine = ranks_number(ranks), count = ranks_count(ranks);
    bool right = true;
    for (int turn = 0; turn < TURNS; turn++) {
        const int64_t elements = counts[turn % 5];
        for (int64_t i = 0; i < elements; i++)
            data[i] = term(mine, i + turn);
        const struct ranks_mean mean = {data, elements, (float)(1 + mine), 1};
        ranks_mean(ranks, &mean);
        for (int64_t i = 0; i < elements; i++) {
            seen[i] = data[i];
            data[i] = -1.0F;
        }
        for (int64_t i = 0; i < elements && right; i++) {
            float sum = 0.0F;
            for (int r = 0; r < count; r++)
                sum += (float)(1 + r) * term(r, i + turn);
            right = seen[i] == sum;
        }
    }
    return !ranks_any(ranks, !right);
}

/* Arrays in shared memory, elsewhere in several pieces whose last one is shorter, and of one rank
 * alone in shared memory. */
static bool shares(struct ranks *ranks) {
    bool right = !ranks_allocate(ranks, 1) && ranks_share_memory(ranks);
    float *shared = ranks_allocate(ranks, SHARED_MOST * sizeof *shared);
    float *own = malloc(SHARED_MOST * sizeof *own);
    right = right && !ranks_any(ranks, !shared || !own) && shared && own;
    right = right && sums_shared(ranks, shared) && sums_shared(ranks, own) &&
            sums_shared(ranks, ranks_is_first(ranks) ? shared : own);
    free(own);
    return right && ranks_release(ranks, shared);
}

/* Steps whose update is the mean: by parts where both arrays are shared, by whole arrays
 * otherwise. */
static bool steps_divided(struct ranks *ranks, float *gradients, float *parameters, bool divided) {
    enum { TURNS = 100 };
    const int mine = ranks_number(ranks), count = ranks_count(ranks);
    bool right = true;
    int64_t first, length;
    for (int turn = 0; turn < TURNS; turn++) {
        const int64_t elements = turn % 2 ? SHARED_MOST : count + turn;
        for (int64_t i = 0; i < elements; i++)
            gradients[i] = term(mine, i + turn);
        ranks_mean_divided(ranks, &(struct ranks_mean){gradients, elements, 1.0F, 1},
                           (float *const[RANKS_UPDATED_MAX]){parameters});
        ranks_own_part(ranks, elements, &first, &length);
        right = right && (length < elements) == divided;
        for (int64_t i = first; i < first + length; i++)
            parameters[i] = gradients[i];
        ranks_spread(ranks, parameters, elements);
        for (int64_t i = 0; i < elements; i++) {
            float sum = 0.0F;
            for (int r = 0; r < count; r++)
                sum += term(r, i + turn);
            right = right && parameters[i] == sum;
            parameters[i] = -1.0F;
        }
    }
    return !ranks_any(ranks, !right);
}

static bool divides(struct ranks *ranks) {
    static float own[SHARED_MOST];
    bool right = ranks_share_memory(ranks);
    float *gradients = ranks_allocate(ranks, SHARED_MOST * sizeof *gradients);
    float *parameters = ranks_allocate(ranks, SHARED_MOST * sizeof *parameters);
    return right && !ranks_any(ranks, !gradients || !parameters) &&
           steps_divided(ranks, gradients, parameters, true) &&
           steps_divided(ranks, gradients, ranks_is_first(ranks) ? own : parameters, false);
}

/* What was given back is given again, as much as fits and apart. */
static bool allocates(struct ranks *ranks) {
    enum { SIZE = 100000, COUNT = 64 };
    char *blocks[COUNT] = {NULL}, outside;
    bool right = ranks_share_memory(ranks) && !ranks_allocate(ranks, SIZE_MAX) &&
                 !ranks_release(ranks, &outside) && !ranks_release(ranks, NULL);
    for (int i = 0; i < COUNT; i++) {
        blocks[i] = ranks_allocate(ranks, SIZE);
        right = right && blocks[i] && (uintptr_t)blocks[i] % 4096 == 0;
        for (int k = 0; k < i && right; k++)
            right = blocks[i] >= blocks[k] + SIZE || blocks[k] >= blocks[i] + SIZE;
    }
    right = right && !ranks_allocate(ranks, SIZE); /* one more than are kept in mind */
    for (int i = 1; i < 4; i++)
        right = right && ranks_release(ranks, blocks[i]);
    return right && ranks_allocate(ranks, 3 * SIZE) == blocks[1] &&
           (char *)ranks_allocate(ranks, SIZE) > blocks[COUNT - 1];
}

static int rank_run(const char *word) {
    static const struct {
        const char *word;
        bool (*run)(struct ranks *ranks);
    } runs[] = {{"agree", agrees},     {"alike", is_alike},      {"step", is_out_of_step},
                {"mourn", is_mourned}, {"give up", is_given_up}, {"sums", sums},
                {"shares", shares},    {"allocate", allocates},  {"divide", divides}};
    struct ranks *ranks;
    struct message message = {""};
    bool right = false;
    if (ranks_open(end, &ranks, &message) != STATUS_OK || !ranks) {
        fprintf(stderr, "not opened: %s\n", message.text);
        ranks_close(ranks);
        return WRONG;
    }
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        if (strcmp(runs[i].word, word) == 0)
            right = runs[i].run(ranks);
    ranks_close(ranks);
    return right ? 0 : WRONG;
}

/* --- the tests -------------------------------------------------------------------------------- */

static struct call ranks_call(int count, const char *word) {
    char self[PATH_MAX];
    self_path(self, sizeof self);
    if (!launching_is_possible(self))
        skip();
    return launch_of(self, count, (const char *const[]){word, NULL});
}

static void expect_right(int count, const char *word) {
    check_call(ranks_call(count, word), 0, NULL, NULL);
}

TEST(one_alone_agrees_with_itself) {
    struct message message = {"why"};
    struct ranks *ranks;
    assert_int_equal(ranks_open(end, &ranks, &message), STATUS_OK);
    assert_null(ranks);
    assert_int_equal(ranks_agree(NULL, STATUS_IO, &message), STATUS_IO);
    assert_string_equal(message.text, "why");
    assert_int_equal(ranks_count(NULL), 1);
    assert_int_equal(ranks_least(NULL, 4), 4);
    assert_true(ranks_is_first(NULL));
    assert_true(ranks_slowest(NULL, 2.0) == 2.0);
    assert_int_equal(ranks_check_alike(NULL, "call", "x", &message), STATUS_OK);
    ranks_close(NULL);
}

TEST_IN_PLACE(ranks_agree) {
    expect_right(3, "agree");
}

TEST_IN_PLACE(ranks_that_differ_are_named) {
    expect_right(3, "alike");
}

TEST_IN_PLACE(sums_are_right_on_any_number_of_ranks) {
    for (int count = 1; count <= 6; count++)
        expect_right(count, "sums");
}

TEST_IN_PLACE(shared_memory_is_not_written_while_it_is_read) {
    for (int count = 2; count <= 5; count++)
        expect_right(count, "shares");
}

TEST_IN_PLACE(each_updates_its_own_part) {
    for (int count = 2; count <= 4; count++)
        expect_right(count, "divide");
}

/* Of as many ranks, and of more on the first one. */
TEST_IN_PLACE(sums_are_right_on_several_machines) {
    static const struct {
        int ranks;
        const char *machine;
    } jobs[] = {{4, "2"}, {5, "3"}, {6, "2"}};
    static const char *const words[] = {"sums", "shares", "divide"};
    char path[PATH_MAX], self[PATH_MAX];
    self_path(self, sizeof self);
    if (!launching_is_possible(self))
        skip();
    assert_non_null(realpath(STAND_IN_FOLDER "/liblockstep-mpi.so", path));
    assert_int_equal(setenv("LOCKSTEP_MPI", path, 1), 0);
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        assert_int_equal(setenv("STAND_IN_MACHINE_RANKS", jobs[i].machine, 1), 0);
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
            expect_right(jobs[i].ranks, words[w]);
    }
    assert_int_equal(unsetenv("STAND_IN_MACHINE_RANKS"), 0);
    assert_int_equal(unsetenv("LOCKSTEP_MPI"), 0);
}

TEST_IN_PLACE(shared_memory_is_given_out_and_taken_back) {
    expect_right(2, "allocate");
}

TEST_IN_PLACE(sums_are_right_begun_early_and_late) {
    static const char *const words[] = {"yes", "no"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(setenv("LOCKSTEP_OVERLAP", words[i], 1), 0);
        expect_right(3, "sums");
    }
    assert_int_equal(setenv("LOCKSTEP_OVERLAP", "perhaps", 1), 0);
    struct call call = ranks_call(2, "sums");
    assert_int_equal(unsetenv("LOCKSTEP_OVERLAP"), 0);
    assert_int_not_equal(call.status, 0);
    check_holds(call.err, "LOCKSTEP_OVERLAP=perhaps: give yes or no");
    call_free(&call);
}

/* The rank that failed by itself says why. */
TEST_IN_PLACE(a_rank_out_of_step_ends_the_job) {
    struct call call = ranks_call(3, "step");
    assert_int_not_equal(call.status, 0);
    check_holds(call.err, "ended: rank 1 on ");
    check_holds(call.err, "no memory for a row");
    call_free(&call);
}

TEST_IN_PLACE(a_rank_that_dies_is_named) {
    struct call call = ranks_call(3, "mourn");
    assert_int_not_equal(call.status, 0);
    check_holds(call.err, "ended: rank 1 (process ");
    check_holds(call.err, "has died");
    check_holds(call.err, "and with it the job; all is in some/folder");
    call_free(&call);
}

TEST_IN_PLACE(a_rank_that_is_stopped_is_named) {
    assert_int_equal(setenv("LOCKSTEP_STOPPED_SECONDS", "2", 1), 0);
    struct call call = ranks_call(3, "give up");
    assert_int_equal(unsetenv("LOCKSTEP_STOPPED_SECONDS"), 0);
    assert_int_not_equal(call.status, 0);
    check_holds(call.err, "ended: rank 0 (process ");
    check_holds(call.err, "has been stopped for 2 s, and with it the job; all is in some/folder");
    assert_int_equal(text_count(call.err, "has been stopped"), 1);
    /* Those that the launcher wakes to end them say nothing of the one that has given them up. */
    assert_null(strstr(call.err, "has died"));
    call_free(&call);
}

TEST_IN_PLACE(a_time_that_is_no_number_is_refused) {
    static const char *const texts[] = {"0", "soon", "3s", "-1", "86401"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(setenv("LOCKSTEP_STOPPED_SECONDS", texts[i], 1), 0);
        struct call call = ranks_call(1, "agree");
        assert_int_equal(unsetenv("LOCKSTEP_STOPPED_SECONDS"), 0);
        assert_int_not_equal(call.status, 0);
        check_holds(call.err, "give 1 to 86400 seconds");
        call_free(&call);
    }
}

/* A launcher that started several of a program that cannot know each other. */
TEST(several_without_mpi_are_refused) {
    struct ranks *ranks;
    struct message message = {""};
    assert_int_equal(setenv("OMPI_COMM_WORLD_SIZE", "2", 1), 0);
    assert_int_equal(setenv("LOCKSTEP_MPI", "/nowhere/at/all.so", 1), 0);
    assert_int_equal(ranks_open(end, &ranks, &message), STATUS_INVALID);
    check_holds(message.text, "LOCKSTEP_MPI=/nowhere/at/all.so: No such file");
    check_holds(ranks_absence(), "LOCKSTEP_MPI names");
    assert_int_equal(setenv("OMPI_COMM_WORLD_SIZE", "1", 1), 0);
    assert_int_equal(ranks_open(end, &ranks, &message), STATUS_OK);
    assert_null(ranks);
    assert_int_equal(unsetenv("OMPI_COMM_WORLD_SIZE"), 0);
    assert_int_equal(unsetenv("LOCKSTEP_MPI"), 0);
}

int main(int argc, char **argv) {
    if (argc > 1)
        return rank_run(argv[1]);
    return tests_run(NULL, NULL);
}
