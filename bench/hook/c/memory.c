/* Runs a program and prints the largest size of its memory, in kB, to stderr.
 * The parent of a program counts into this number until exec, so the parent must
 * be small.
 * Build: cc -O2 -static -o memory memory.c */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
	struct rusage u;
	int status;
	pid_t pid = vfork();
	if (pid == 0) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &u) != pid || status != 0)
		return 1;
	fprintf(stderr, "%ld\n", u.ru_maxrss);
	return 0;
}
