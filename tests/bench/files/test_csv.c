/* CSV files: written and read back, and refused when they are damaged. */
#define TESTS_OWN_MAIN
#include "bench/files/csv.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct row {
    char name[16];
    int64_t count;
    double seconds;
    char note[24];
};

static const struct csv_column columns[] = {
    CSV_COLUMN(struct row, CSV_TEXT, name),
    CSV_COLUMN(struct row, CSV_COUNT, count),
    CSV_COLUMN(struct row, CSV_NUMBER, seconds),
    CSV_COLUMN(struct row, CSV_TEXT, note),
};
static const struct csv_format format = CSV_FORMAT(columns, struct row);
#define HEADER "name,count,seconds,note\n"

static struct temporary folder;

static int folder_make(void **state) {
    (void)state;
    temporary_open(&folder);
    return 0;
}

static int folder_remove(void **state) {
    (void)state;
    temporary_close(&folder);
    return 0;
}

static void rows_write(const struct row *rows, size_t count) {
    FILE *file = fopen(temporary_path(&folder, "rows.csv"), "w");
    assert_non_null(file);
    assert_int_equal(csv_write_header(file, &format), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(csv_write_row(file, &format, &rows[i]), 0);
    assert_int_equal(fclose(file), 0);
}

static enum status rows_read(const char *text, struct row **rows, size_t *count, int *cut,
                             struct message *message) {
    const char *path = temporary_path(&folder, "rows.csv");
    if (text)
        file_write_text(path, text);
    void *read = NULL;
    message->text[0] = '\0';
    enum status status = csv_read(path, &format, &read, count, cut, message);
    *rows = read;
    return status;
}

TEST(rows_come_back_as_they_were) {
    static const struct row rows[] = {
        {"plain", 1, 0.25, "nothing odd"},    {"comma", 2, 1e-300, "a, b"},
        {"quote", INT64_MAX, -0.0, "\"b\""},  {"newline", INT64_MAX - 1, 1e300, "two\nlines"},
        {"all", 0, 123456789.0, "\",\r\n\""}, {"", 7, 3.0, ""},
        {"fifteen letters", 8, 0.125, ","},
    };
    const size_t row_count = sizeof rows / sizeof rows[0];
    rows_write(rows, row_count);
    struct row *read;
    size_t count;
    struct message message;
    assert_int_equal(rows_read(NULL, &read, &count, NULL, &message), STATUS_OK);
    assert_int_equal(count, row_count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(read[i].name, rows[i].name);
        assert_string_equal(read[i].note, rows[i].note);
        assert_true(read[i].count == rows[i].count);
        assert_true(read[i].seconds == rows[i].seconds);
    }
    free(read);
}

TEST(what_was_not_measured_is_an_empty_field) {
    const struct row row = {"a", 1, NAN, "x"};
    rows_write(&row, 1);
    char *text = temporary_text(&folder, "rows.csv");
    assert_string_equal(text, HEADER "a,1,,x\n");
    free(text);
    struct row *read;
    size_t count;
    struct message message;
    assert_int_equal(rows_read(NULL, &read, &count, NULL, &message), STATUS_OK);
    assert_int_equal(count, 1);
    assert_true(isnan(read[0].seconds));
    free(read);
}

TEST(fields_are_quoted_as_rfc_4180_says) {
    const struct row row = {"a\"b", 1, 2.0, "c,d"};
    rows_write(&row, 1);
    char *text = temporary_text(&folder, "rows.csv");
    assert_string_equal(text, HEADER "\"a\"\"b\",1,2,\"c,d\"\n");
    free(text);
}

TEST(a_header_alone_has_no_rows) {
    struct row *read;
    size_t count = 9;
    int cut = 9;
    struct message message;
    assert_int_equal(rows_read(HEADER, &read, &count, &cut, &message), STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(cut, 0);
    free(read);
}

/* What an earlier version wrote: only columns that are said to have come later may be missing. */
TEST(later_columns_may_be_missing) {
    struct csv_format grown = format;
    struct row *rows;
    size_t count;
    struct message message;
    const char *path = temporary_path(&folder, "rows.csv");
    file_write_text(path, "name,count\nold,3\n");
    assert_int_equal(csv_read(path, &grown, (void **)&rows, &count, NULL, &message),
                     STATUS_INVALID);
    grown.later_columns = 2;
    assert_int_equal(csv_read(path, &grown, (void **)&rows, &count, NULL, &message), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].count, 3);
    assert_true(isnan(rows[0].seconds));
    assert_string_equal(rows[0].note, "");
    free(rows);
    static const char *const refused[][2] = {
        {"name\nold\n", ":1: the header's field 2 should be 'count' and is missing"},
        {"name,count,note\nold,3,x\n", ":1: the header's field 3 should be 'seconds', not 'note'"},
        {"name,count\nold,3,4,5\n", ":2: the line does not have the 2 fields"},
        {HEADER "old,3\n", ":2: the line does not have the 4 fields"}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        file_write_text(path, refused[i][0]);
        assert_int_equal(csv_read(path, &grown, (void **)&rows, &count, NULL, &message),
                         STATUS_INVALID);
        if (!strstr(message.text, refused[i][1]))
            fail_msg("'%s' should hold '%s'", message.text, refused[i][1]);
    }
}

TEST(more_rows_than_the_first_array) {
    enum { MANY = 1000 };
    FILE *file = fopen(temporary_path(&folder, "rows.csv"), "w");
    assert_non_null(file);
    assert_int_equal(csv_write_header(file, &format), 0);
    for (int i = 0; i < MANY; i++) {
        struct row row = {"row", i, 0.5 * i, "a note, to quote"};
        assert_int_equal(csv_write_row(file, &format, &row), 0);
    }
    assert_int_equal(fclose(file), 0);
    struct row *read;
    size_t count;
    struct message message;
    assert_int_equal(rows_read(NULL, &read, &count, NULL, &message), STATUS_OK);
    assert_int_equal(count, MANY);
    for (int i = 0; i < MANY; i++)
        assert_true(read[i].count == i && read[i].seconds == 0.5 * i);
    free(read);
}

/* A Windows editor's line ends are no damage. */
TEST(carriage_returns_are_no_damage) {
    struct row *read;
    size_t count;
    struct message message;
    assert_int_equal(
        rows_read("name,count,seconds,note\r\na,1,2,x\r\n", &read, &count, NULL, &message),
        STATUS_OK);
    assert_int_equal(count, 1);
    assert_string_equal(read[0].note, "x");
    free(read);
}

/* An error of a millionth of the smallest number is written and has to be read. */
/* Spreadsheets put it in front of what they save. */
TEST(a_byte_order_mark_is_no_damage) {
    struct row *read;
    size_t count;
    struct message message;
    assert_int_equal(rows_read("\xef\xbb\xbf" HEADER "a,1,2,x\n", &read, &count, NULL, &message),
                     STATUS_OK);
    assert_int_equal(count, 1);
    assert_string_equal(read[0].name, "a");
    free(read);
    struct csv_table table;
    assert_int_equal(csv_table_read(temporary_path(&folder, "rows.csv"), &table, NULL, &message),
                     STATUS_OK);
    assert_int_equal(csv_table_column(&table, "name"), 0);
    csv_table_release(&table);
}

TEST(whole_lines_are_salvaged) {
    static const struct {
        const char *text;
        size_t size; /* 0: up to the NUL */
        const char *names;
        size_t left_out;
    } files[] = {
        {HEADER "a,1,2,x\nb,1,2,y\nc,1,", 0, "ab", 0},
        {HEADER "a,1,2,x\nb,one,2,y\n\nc,1,2\nd,1,2,z,\ne,1,2,z\n", 0, "ae", 4},
        {HEADER "a,1,2,x\nb,1,2,\"y\nc,1,2,\"z\"\n", 0, "ac", 1},
        {HEADER "a,1,2,x\nb,\0,2,y\nc,1,2,z\n", sizeof HEADER + 23, "ac", 1},
        {"nam,count,seconds,note\na,1,2,x\n", 0, "", 0},
        {"name,count", 0, "", 0},
        {"", 0, "", 0},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const char *path = temporary_path(&folder, "rows.csv");
        file_write(path, files[i].text, files[i].size ? files[i].size : strlen(files[i].text));
        void *rows = NULL;
        size_t count, left_out;
        struct message message = {""};
        assert_int_equal(csv_salvage(path, &format, &rows, &count, &left_out, &message), STATUS_OK);
        assert_int_equal(count, strlen(files[i].names));
        assert_int_equal(left_out, files[i].left_out);
        for (size_t r = 0; r < count; r++)
            assert_int_equal(((const struct row *)rows)[r].name[0], files[i].names[r]);
        free(rows);
    }
}

TEST(numbers_below_the_normal_ones) {
    struct row *read;
    size_t count;
    struct message message;
    assert_int_equal(
        rows_read(HEADER "a,1,4.94065646e-324,x\nb,1,1e-400,x\n", &read, &count, NULL, &message),
        STATUS_OK);
    assert_int_equal(count, 2);
    assert_true(read[0].seconds > 0.0 && read[0].seconds < 1e-323);
    assert_true(read[1].seconds == 0.0);
    free(read);
}

/* A quote within a field is a character of it, whether or not the file may be cut: nothing that
 * follows is taken for a cut line and dropped. */
TEST(a_quote_within_a_field_cuts_nothing) {
    for (int may_be_cut = 0; may_be_cut < 2; may_be_cut++) {
        struct row *read;
        size_t count;
        int cut = 0;
        struct message message;
        assert_int_equal(rows_read(HEADER "a,1,2,5\" wide\nb,1,2,\"\"\"x\"\"\"\nc,1,2,z\n", &read,
                                   &count, may_be_cut ? &cut : NULL, &message),
                         STATUS_OK);
        assert_int_equal(count, 3);
        assert_int_equal(cut, 0);
        assert_string_equal(read[0].note, "5\" wide");
        assert_string_equal(read[1].note, "\"x\"");
        free(read);
    }
}

/* Each is refused with a message that holds `place` and `words`. */
TEST(damage_is_refused_with_its_place) {
    static const struct {
        const char *text, *place, *words;
    } damaged[] = {
        {"", "rows.csv:1:", "'name'"},
        {"name,count\n", "rows.csv:1:", "field 3 should be 'seconds' and is missing"},
        {"name,count,seconds,note,more\n", "rows.csv:1:", "one more column 'more'"},
        {"name,count,time,note\na,1,2,x\n", "rows.csv:1:", "'seconds'"},
        {"name,count,seconds,note", "rows.csv:1:", "'note'"},
        {HEADER "a,1,2\n", "rows.csv:2:", "4 fields"},
        {HEADER "a,1,2,x,y\n", "rows.csv:2:", "4 fields"},
        {HEADER "a,1,2,x\n\n", "rows.csv:3:", "4 fields"},
        {HEADER "a,1,2,x\nb,one,2,x\n", "rows.csv:3:", "count is 'one', not a count"},
        {HEADER "a,,2,x\n", "rows.csv:2:", "count is '', not a count"},
        {HEADER "a,1.5,2,x\n", "rows.csv:2:", "count is '1.5', not a count: a whole number"},
        {HEADER "a,1,2,x\nb,-5,2,x\n", "rows.csv:3:", "count is '-5', not a count: a whole"},
        {HEADER "a,9223372036854775808,2,x\n", "rows.csv:2:", "'9223372036854775808', not a count"},
        {HEADER "a,-99999999999999999999,2,x\n", "rows.csv:2:", "not a count"},
        {HEADER "a,1,2s,x\n", "rows.csv:2:", "seconds is '2s'"},
        {HEADER "a,1,nan,x\n", "rows.csv:2:", "seconds is NaN"},
        {HEADER "a,1,-NaN,x\n", "rows.csv:2:", "seconds is NaN"},
        {HEADER "a,1,1e999,x\n", "rows.csv:2:", "seconds"},
        {HEADER "sixteen letters!,1,2,x\n", "rows.csv:2:", "name has 16 characters"},
        {HEADER "\"a,1,2,x\n", "rows.csv:2:", "cut off"},
        {HEADER "a,1,2,x\na,1,2,x", "rows.csv:3:", "cut off"},
        /* A quoted newline makes a line of the file, though not a row. */
        {HEADER "a,1,2,\"x\ny\"\nb,one,2,x\n", "rows.csv:4:", "'one'"},
    };
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        struct row *read;
        size_t count;
        struct message message;
        assert_int_equal(rows_read(damaged[i].text, &read, &count, NULL, &message), STATUS_INVALID);
        assert_null(read);
        assert_int_equal(count, 0);
        if (!strstr(message.text, damaged[i].place) || !strstr(message.text, damaged[i].words))
            fail_msg("%zu: '%s' should hold '%s' and '%s'", i, message.text, damaged[i].place,
                     damaged[i].words);
    }
}

TEST(binary_bytes_are_refused) {
    const char *path = temporary_path(&folder, "rows.csv");
    static const char binary[] = HEADER "a,1,2,\0\n";
    file_write(path, binary, sizeof binary - 1);
    void *rows;
    size_t count;
    struct message message;
    assert_int_equal(csv_read(path, &format, &rows, &count, NULL, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, path));
    assert_null(rows);
}

TEST(a_missing_file_is_named) {
    const char *path = temporary_path(&folder, "none.csv");
    void *rows;
    size_t count;
    struct message message;
    assert_int_equal(csv_read(path, &format, &rows, &count, NULL, &message), STATUS_IO);
    assert_non_null(strstr(message.text, path));
}

/* What a killed run leaves: the rows before the cut are there, and the cut is told. */
TEST(a_cut_last_line_is_left_out) {
    static const char *const tails[] = {"b", "b,2,3,x", "b,2,3,\"x\n", "b,2,3,\"", "\""};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, HEADER "a,1,2,x\n%s", tails[i]);
        struct row *read;
        size_t count;
        int cut = 0;
        struct message message;
        assert_int_equal(rows_read(text, &read, &count, &cut, &message), STATUS_OK);
        assert_int_equal(cut, 1);
        assert_int_equal(count, 1);
        assert_string_equal(read[0].name, "a");
        free(read);
    }
}

/* A cut excuses the last line alone. */
TEST(a_cut_excuses_nothing_else) {
    struct row *read;
    size_t count;
    int cut;
    struct message message;
    assert_int_equal(rows_read(HEADER "a,1\nb,2,3,x\nc", &read, &count, &cut, &message),
                     STATUS_INVALID);
    assert_non_null(strstr(message.text, "rows.csv:2:"));
}

/* --- reading by the header --- */

static enum status table_read(const char *text, struct csv_table *table, int *cut,
                              struct message *message) {
    const char *path = temporary_path(&folder, "table.csv");
    file_write_text(path, text);
    message->text[0] = '\0';
    return csv_table_read(path, table, cut, message);
}

TEST(a_table_is_read_by_its_header) {
    struct csv_table table;
    struct message message;
    int cut = 0;
    assert_int_equal(table_read("b,a\n\"x\ny\",1.5\n\"p,\"\"q\",\nrest", &table, &cut, &message),
                     STATUS_OK);
    assert_int_equal(cut, 1);
    assert_int_equal(table.row_count, 2);
    assert_int_equal(csv_table_column(&table, "a"), 1);
    assert_int_equal(csv_table_column(&table, "c"), table.column_count);
    assert_string_equal(csv_table_field(&table, 0, 0), "x\ny");
    assert_string_equal(csv_table_field(&table, 1, 0), "p,\"q");
    double number;
    assert_int_equal(csv_table_number(&table, 0, 1, &number, &message), STATUS_OK);
    assert_true(number == 1.5);
    assert_int_equal(csv_table_number(&table, 1, 1, &number, &message), STATUS_OK);
    assert_true(isnan(number));
    assert_int_equal(csv_table_number(&table, 1, 0, &number, &message), STATUS_INVALID);
    csv_table_release(&table);
}

TEST(damaged_tables_are_refused_with_their_place) {
    static const struct {
        const char *text, *place;
    } damaged[] = {
        {"", "table.csv:1:"},
        {"one\n", "table.csv:1:"},
        {"a,b\n1\n", "table.csv:2:"},
        {"a,b\n1,2,3\n", "table.csv:2:"},
        {"a,b\n\"1\n\",2\n3\n", "table.csv:4:"}, /* a quoted newline is a line of the file */
        {"a,b\n1,2\n3,4", "table.csv:3:"},
    };
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        struct csv_table table;
        struct message message;
        assert_int_equal(table_read(damaged[i].text, &table, NULL, &message), STATUS_INVALID);
        if (!strstr(message.text, damaged[i].place))
            fail_msg("%zu: '%s' should hold '%s'", i, message.text, damaged[i].place);
    }
}

int main(void) {
    return tests_run(folder_make, folder_remove);
}
