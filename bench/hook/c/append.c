/* The floor: a program that reads stdin whole and appends it to a file, and,
 * with a second argument, waits until it is on disk.
 * Build: cc -O2 -static -o append append.c */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
	size_t cap = 1 << 16, len = 0;
	char *buf = malloc(cap);
	for (;;) {
		ssize_t n = read(0, buf + len, cap - len);
		if (n <= 0)
			break;
		len += n;
		if (len == cap)
			buf = realloc(buf, cap *= 2);
	}
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || write(fd, buf, len) != (ssize_t)len)
		return 1;
	if (argc > 2 && fdatasync(fd) != 0)
		return 1;
	return 0;
}
