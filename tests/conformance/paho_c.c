/* A client of Paho C, idle, receiving or publishing, until it is ended. With -DASYNC of MQTTAsync,
   else of MQTTClient: a program must not have both libraries.

   paho_c ADDRESS NAME KEEP_ALIVE_S PUBLISH_EVERY_S QOS */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef ASYNC
#include <MQTTAsync.h>

static int Arrived(void* context, char* topic, int length, MQTTAsync_message* message) {
  (void)context, (void)length;
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

static int Run(const char* uri, const char* name, int keep_alive_s, int period_s, int qos) {
  MQTTAsync client;
  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
  options.keepAliveInterval = keep_alive_s;
  if (MQTTAsync_create(&client, uri, name, MQTTCLIENT_PERSISTENCE_NONE, NULL) != 0) return 1;
  MQTTAsync_setCallbacks(client, NULL, NULL, Arrived, NULL);
  if (MQTTAsync_connect(client, &options) != 0) return 1;
  while (1) {
    sleep(period_s > 0 ? (unsigned)period_s : 1);
    if (period_s > 0) MQTTAsync_send(client, "t", 1, "x", qos, 0, NULL);
  }
}

#else
#include <MQTTClient.h>

/* Without callbacks the application itself must let the library work: MQTTClient_yield(). */
static int Run(const char* uri, const char* name, int keep_alive_s, int period_s, int qos) {
  MQTTClient client;
  MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
  options.keepAliveInterval = keep_alive_s;
  if (MQTTClient_create(&client, uri, name, MQTTCLIENT_PERSISTENCE_NONE, NULL) != 0) return 1;
  if (MQTTClient_connect(client, &options) != 0) return 1;
  for (int tenth = 1;; ++tenth) {
    usleep(100 * 1000);
    MQTTClient_yield();
    if (period_s > 0 && tenth % (10 * period_s) == 0) {
      MQTTClient_publish(client, "t", 1, "x", qos, 0, NULL);
    }
  }
}

#endif

int main(int argc, char** argv) {
  char uri[64];
  if (argc != 6) return 2;
  snprintf(uri, sizeof uri, "tcp://%s:1883", argv[1]);
  return Run(uri, argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
}
