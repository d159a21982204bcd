// Command lumber sends events by the client that Filebeat's Logstash output is made of:
// lumber ADDRESS WINDOWS PER-WINDOW COMPRESSION [IN-FLIGHT].
//
// With IN-FLIGHT as many windows are sent ahead of their acknowledgement; PAD in the environment makes messages longer. It prints how many events were acknowledged.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elastic/go-lumber/client/v2"

	"example.com/logloom/peers/internal/pad"
)

func main() {
	windows, each, level := number(2), number(3), number(4)
	options := []v2.Option{v2.CompressionLevel(level), v2.Timeout(60 * time.Second)}
	if len(os.Args) > 5 {
		ahead(windows, each, number(5), options)
		return
	}
	client, err := v2.SyncDial(os.Args[1], options...)
	check(err)
	total := 0
	for window := range windows {
		n, err := client.Send(events(window, each))
		check(err)
		total += n
	}
	check(client.Close())
	fmt.Println(total)
}

func ahead(windows, each, inFlight int, options []v2.Option) {
	client, err := v2.AsyncDial(os.Args[1], inFlight, options...)
	check(err)
	var total atomic.Int64
	var waiting sync.WaitGroup
	for window := range windows {
		waiting.Add(1)
		check(client.Send(func(n uint32, err error) {
			check(err)
			total.Add(int64(n))
			waiting.Done()
		}, events(window, each)))
	}
	waiting.Wait()
	check(client.Close())
	fmt.Println(total.Load())
}

func events(window, each int) []any {
	found := make([]any, 0, each)
	for place := range each {
		number := window*each + place
		found = append(found, map[string]any{
			"@timestamp": "2026-11-21T10:40:59.123Z",
			"@metadata":  map[string]any{"beat": "filebeat", "type": "_doc", "version": "9.2.0"},
			"message":    fmt.Sprintf("order %d", number) + pad.More(),
			"log":        map[string]any{"offset": number, "file": map[string]any{"path": "/var/log/shop.log"}},
			"host":       map[string]any{"name": "node-1"},
		})
	}
	return found
}

func number(at int) int {
	found, err := strconv.Atoi(os.Args[at])
	check(err)
	return found
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
