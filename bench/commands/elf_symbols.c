/* Tables of symbols in executables, and nothing else of them: text that merely looks like a name is
 * none. */
#include "bench/commands/elf_symbols.h"

#include <elf.h>
#include <string.h>

/* `count` things of `size` bytes from `offset` on lie within the file. */
static bool is_inside(size_t whole, uint64_t offset, uint64_t count, uint64_t size) {
    return offset <= whole && (size == 0 || count <= (whole - offset) / size);
}

static bool section_read(const unsigned char *bytes, size_t size, const Elf64_Ehdr *head,
                         uint32_t index, Elf64_Shdr *section) {
    if (index >= head->e_shnum || head->e_shentsize != sizeof *section ||
        !is_inside(size, head->e_shoff, head->e_shnum, sizeof *section))
        return false;
    memcpy(section, bytes + head->e_shoff + index * sizeof *section, sizeof *section);
    return section->sh_type == SHT_NOBITS ||
           is_inside(size, section->sh_offset, section->sh_size, 1);
}

/* The names stand one after another, each with a zero behind it, and a zero before the first. */
static bool names_begin(const unsigned char *names, size_t size, const char *prefix) {
    const size_t length = strlen(prefix);
    const unsigned char *at = names, *end = names + size;
    while (at < end && (size_t)(end - at) > length) {
        if (memcmp(at, prefix, length) == 0)
            return true;
        const unsigned char *zero = memchr(at, 0, (size_t)(end - at));
        if (!zero)
            return false;
        at = zero + 1;
    }
    return false;
}

bool elf_symbols_begin(const unsigned char *bytes, size_t size, const char *prefix) {
    Elf64_Ehdr head;
    Elf64_Shdr symbols, names;
    if (size < sizeof head)
        return false;
    memcpy(&head, bytes, sizeof head);
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64)
        return false;
    for (uint32_t k = 0; section_read(bytes, size, &head, k, &symbols); k++)
        if (symbols.sh_type == SHT_SYMTAB &&
            section_read(bytes, size, &head, symbols.sh_link, &names) &&
            names.sh_type == SHT_STRTAB &&
            names_begin(bytes + names.sh_offset, names.sh_size, prefix))
            return true;
    return false;
}
