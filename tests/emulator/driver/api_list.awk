# Reads emulator/driver/types_*.h (enumerations and structures, one member a line) and the .def files it includes, and
# writes VALUE(enumerator), SIZE(type) and FIELD(type, member) for tests/emulator/driver/api_values.c.

FILENAME ~ /errors.def$/ && match($0, /^DRIVER_ERROR\([A-Z0-9_]+/) {
    print "VALUE(" substr($0, 14, RLENGTH - 13) ")"
}
FILENAME ~ /attributes.def$/ && match($0, /^DEVICE_ATTRIBUTE\([A-Z0-9_]+/) {
    print "VALUE(CU_DEVICE_ATTRIBUTE_" substr($0, 18, RLENGTH - 17) ")"
}
FILENAME ~ /types_[a-z]*.h$/ && match($0, /^    C[A-Z0-9_a-z]+ = /) {
    print "VALUE(" substr($0, 5, RLENGTH - 7) ")"
}
FILENAME ~ /types_[a-z]*.h$/ && /^typedef (struct|union) \{/ { depth = 1; count = 0; next }
depth && /\{$/ { depth++; next }
depth && /^    +\} [a-zA-Z]+;/ {                    # a nested structure with a name
    depth--
    if (depth == 1) { sub(/^ +\} /, ""); sub(/;.*/, ""); member[count++] = $0 }
    next
}
depth && /^    +\};/ { depth--; next }
depth && /^\} [A-Za-z0-9_]+;/ {
    name = $2; sub(/;/, "", name)
    print "SIZE(" name ")"
    for (i = 0; i < count; i++) print "FIELD(" name ", " member[i] ")"
    depth = 0
    next
}
depth == 1 && /^    [A-Za-z].*;/ {
    line = $0
    sub(/;.*/, "", line); sub(/\[.*/, "", line); sub(/.*[ *]/, "", line)
    member[count++] = line
}
