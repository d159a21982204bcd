// Command zipkin traces by zipkin-go: zipkin URL COUNT ENCODING, which is json or proto.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/openzipkin/zipkin-go"
	"github.com/openzipkin/zipkin-go/model"
	"github.com/openzipkin/zipkin-go/proto/zipkin_proto3"
	reporter "github.com/openzipkin/zipkin-go/reporter/http"
)

// asked counts the answers by their status.
type asked struct {
	statuses map[int]int
}

func (a *asked) Do(request *http.Request) (*http.Response, error) {
	answer, err := http.DefaultClient.Do(request)
	if err == nil {
		a.statuses[answer.StatusCode]++
	}
	return answer, err
}

func main() {
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	client := &asked{statuses: map[int]int{}}
	options := []reporter.ReporterOption{reporter.Client(client), reporter.BatchSize(10)}
	if os.Args[3] == "proto" {
		options = append(options, reporter.Serializer(zipkin_proto3.SpanSerializer{}))
	}
	to := reporter.NewReporter(os.Args[1], options...)
	here, err := zipkin.NewEndpoint("cart", "10.0.0.1:8080")
	check(err)
	there, err := zipkin.NewEndpoint("db", "[2001:db8::1]:5432")
	check(err)
	tracer, err := zipkin.NewTracer(to, zipkin.WithLocalEndpoint(here), zipkin.WithTraceID128Bit(true))
	check(err)
	for number := range count {
		span := tracer.StartSpan("get /cart", zipkin.Kind(model.Client), zipkin.RemoteEndpoint(there))
		span.Tag("n", strconv.Itoa(number))
		span.Finish()
	}
	check(to.Close())
	for status := range client.statuses {
		fmt.Println(status)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
