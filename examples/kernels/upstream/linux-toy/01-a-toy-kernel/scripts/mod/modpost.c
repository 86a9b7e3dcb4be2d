// A program of the build itself: it is compiled for the host.
int main(void)
{
	return 0;
}
