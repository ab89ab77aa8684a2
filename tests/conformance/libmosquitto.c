/* A client of libmosquitto whose main thread publishes and whose other one runs
   mosquitto_loop_forever() with its own time-out of 1 s, as mosquitto_sub does.

   libmosquitto ADDRESS KEEP_ALIVE_S MEAN_GAP_S QOS NAME PORT      a gap of 0 publishes nothing

   Prints "NAME connected|lost SECONDS", on the clock that never jumps. */
#include <math.h>
#include <mosquitto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char* name;

static void Note(const char* event) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("%s %s %.6f\n", name, event, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
  fflush(stdout);
}

static void Connected(struct mosquitto* client, void* context, int code) {
  (void)client, (void)context;
  if (code == 0) Note("connected");
}
static void Lost(struct mosquitto* client, void* context, int code) {
  (void)client, (void)context, (void)code;
  Note("lost");
}
static void* Loop(void* client) {
  mosquitto_loop_forever(client, -1, 1);
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const double gap_s = atof(argv[3]);
  name = argv[5];
  srand48(getpid());
  mosquitto_lib_init();
  struct mosquitto* client = mosquitto_new(name, true, NULL);
  mosquitto_threaded_set(client, true);
  mosquitto_connect_callback_set(client, Connected);
  mosquitto_disconnect_callback_set(client, Lost);
  if (mosquitto_connect(client, argv[1], atoi(argv[6]), atoi(argv[2])) != MOSQ_ERR_SUCCESS) return 1;
  pthread_t loop;
  if (pthread_create(&loop, NULL, Loop, client) != 0) return 1;
  while (1) {
    usleep((unsigned)(1e6 * (gap_s > 0 ? -gap_s * log(1 - drand48()) : 1)));
    if (gap_s > 0) mosquitto_publish(client, NULL, "t", 1, "x", atoi(argv[4]), false);
  }
}
