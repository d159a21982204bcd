// Command fluentforward sends by IBM's client of Fluent Forward: fluentforward ADDRESS COUNT [SHARED-KEY].
//
// Each of the protocol's modes once, each acknowledged, after the handshake where there is a key. PAD in the environment
// makes messages longer.
package main

import (
	"log"
	"os"
	"strconv"
	"time"

	"github.com/IBM/fluent-forward-go/fluent/client"
	"github.com/IBM/fluent-forward-go/fluent/protocol"

	"example.com/logloom/peers/internal/pad"
)

func main() {
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	options := client.ConnectionOptions{
		Factory:           &client.ConnFactory{Address: os.Args[1]},
		RequireAck:        true,
		ConnectionTimeout: 30 * time.Second,
	}
	if len(os.Args) > 3 {
		options.AuthInfo = client.AuthInfo{SharedKey: []byte(os.Args[3])}
	}
	to := client.New(options)
	to.Hostname = "gate"
	check(to.Connect())
	if len(os.Args) > 3 {
		check(to.Handshake())
	}
	var entries protocol.EntryList
	for number := range count {
		entries = append(entries, protocol.EntryExt{
			Timestamp: protocol.EventTime{Time: time.Unix(1_795_430_459, int64(number))},
			Record:    map[string]any{"message": "order" + pad.More(), "n": number},
		})
	}
	check(to.SendMessage("shop.message", map[string]any{"message": "order", "n": 0}))
	check(to.SendMessageExt("shop.ext", map[string]any{"message": "order", "n": 0}))
	check(to.SendForward("shop.forward", entries))
	check(to.SendPacked("shop.packed", entries))
	check(to.SendCompressed("shop.gzip", entries))
	check(to.Disconnect())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
