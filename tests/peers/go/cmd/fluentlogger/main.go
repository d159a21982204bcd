// Command fluentlogger logs by fluent-logger-golang: fluentlogger NETWORK ADDRESS COUNT MODE.
//
// NETWORK is tcp (host:port), tls or unix (a path). MODE is ack, plain, async or json (text in place of MessagePack). PAD in the
// environment makes messages longer.
package main

import (
	"log"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/fluent/fluent-logger-golang/fluent"

	"example.com/logloom/peers/internal/pad"
)

func main() {
	network, address, mode := os.Args[1], os.Args[2], os.Args[4]
	count, err := strconv.Atoi(os.Args[3])
	check(err)
	config := fluent.Config{
		FluentNetwork: network, TagPrefix: "shop", Timeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
		ReadTimeout: 30 * time.Second, RequestAck: mode == "ack", Async: mode == "async", MarshalAsJSON: mode == "json",
		SubSecondPrecision: mode != "json", TlsInsecureSkipVerify: network == "tls",
		AsyncResultCallback: func(_ []byte, err error) { check(err) },
	}
	if network == "unix" {
		config.FluentSocketPath = address
	} else {
		host, port, err := net.SplitHostPort(address)
		check(err)
		config.FluentHost = host
		config.FluentPort, err = strconv.Atoi(port)
		check(err)
	}
	logger, err := fluent.New(config)
	check(err)
	for number := range count {
		at := time.Unix(1_795_430_459, int64(number))
		check(logger.PostWithTime("cart", at, map[string]any{"message": "order" + pad.More(), "n": number, "level": "warn"}))
	}
	check(logger.Close())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
