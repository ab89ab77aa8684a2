/* A client of Paho C, idle, receiving or publishing, until it is ended. With -DASYNC of MQTTAsync
   (which reconnects), else of MQTTClient: a program must not have both libraries.

   paho_c ADDRESS KEEP_ALIVE_S MEAN_GAP_S QOS NAME PORT      a gap of 0 publishes nothing

   Prints "NAME connected|lost SECONDS", on the clock that never jumps. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char* name;

static void Note(const char* event) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("%s %s %.6f\n", name, event, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
  fflush(stdout);
}

static double Gap(double mean_s) { return -mean_s * log(1 - drand48()); }

#ifdef ASYNC
#include <MQTTAsync.h>

static int Arrived(void* context, char* topic, int length, MQTTAsync_message* message) {
  (void)context, (void)length;
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}
static void Connected(void* context, char* cause) { (void)context, (void)cause, Note("connected"); }
static void Lost(void* context, char* cause) { (void)context, (void)cause, Note("lost"); }

static int Run(const char* uri, int keep_alive_s, double gap_s, int qos) {
  MQTTAsync client;
  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
  options.keepAliveInterval = keep_alive_s;
  options.automaticReconnect = 1;
  if (MQTTAsync_create(&client, uri, name, MQTTCLIENT_PERSISTENCE_NONE, NULL) != 0) return 1;
  MQTTAsync_setCallbacks(client, NULL, Lost, Arrived, NULL);
  MQTTAsync_setConnected(client, NULL, Connected);
  if (MQTTAsync_connect(client, &options) != 0) return 1;
  while (1) {
    usleep((unsigned)(1e6 * (gap_s > 0 ? Gap(gap_s) : 1)));
    if (gap_s > 0) MQTTAsync_send(client, "t", 1, "x", qos, 0, NULL);
  }
}

#else
#include <MQTTClient.h>

/* Without callbacks the application itself must let the library work: MQTTClient_yield(), which
   takes a tenth of a second, again and again. */
static int Run(const char* uri, int keep_alive_s, double gap_s, int qos) {
  MQTTClient client;
  MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
  options.keepAliveInterval = keep_alive_s;
  if (MQTTClient_create(&client, uri, name, MQTTCLIENT_PERSISTENCE_NONE, NULL) != 0) return 1;
  if (MQTTClient_connect(client, &options) != 0) return 1;
  Note("connected");
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  double next = (double)at.tv_sec + 1e-9 * (double)at.tv_nsec + Gap(gap_s);
  int up = 1;
  while (1) {
    MQTTClient_yield();
    if (up && !MQTTClient_isConnected(client)) Note("lost"), up = 0;
    clock_gettime(CLOCK_MONOTONIC, &at);
    if (gap_s > 0 && (double)at.tv_sec + 1e-9 * (double)at.tv_nsec >= next) {
      MQTTClient_publish(client, "t", 1, "x", qos, 0, NULL);
      next += Gap(gap_s);
    }
  }
}

#endif

int main(int argc, char** argv) {
  char uri[64];
  if (argc != 7) return 2;
  snprintf(uri, sizeof uri, "tcp://%s:%s", argv[1], argv[6]);
  name = argv[5];
  srand48(getpid());
  srand((unsigned)getpid());
  return Run(uri, atoi(argv[2]), atof(argv[3]), atoi(argv[4]));
}
