// Command loki pushes by the client that Promtail had, taken out of it: loki URL COUNT ENCODING [TENANT].
//
// ENCODING is snappy (protobuf) or json. Half of the entries have structured metadata. PAD in the environment
// makes lines longer.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/grafana/loki-client-go/loki"
	"github.com/grafana/loki/pkg/push"
	"github.com/prometheus/common/model"

	"example.com/logloom/peers/internal/pad"
)

func main() {
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	config, err := loki.NewDefaultConfig(os.Args[1])
	check(err)
	config.EncodeJson = os.Args[3] == "json"
	config.BatchWait = 50 * time.Millisecond
	config.BatchSize = 1000
	if len(os.Args) > 4 {
		config.TenantID = os.Args[4]
	}
	client, err := loki.New(config)
	check(err)
	labels := model.LabelSet{"job": "shop", "level": "warn"}
	for number := range count {
		at, line := time.Unix(1_795_430_459, int64(number)), fmt.Sprintf("order %d", number)+pad.More()
		if number%2 == 0 {
			check(client.Handle(labels, at, line))
		} else {
			check(client.HandleWithMetadata(labels, at, line, push.LabelsAdapter{{Name: "n", Value: strconv.Itoa(number)}}))
		}
	}
	client.Stop()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
