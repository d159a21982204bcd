// Command jaeger traces as users of Jaeger's own client do: jaeger WAY ADDRESS COUNT [SAMPLING-URL].
//
// WAY is udp (the agent's compact thrift) or http (the collector's). With a URL to ask how to sample, it first waits
// until it was told to sample all, having begun with none.
package main

import (
	"log"
	"os"
	"strconv"
	"time"

	"github.com/opentracing/opentracing-go"
	"github.com/opentracing/opentracing-go/ext"
	"github.com/uber/jaeger-client-go"
	"github.com/uber/jaeger-client-go/transport"
)

func main() {
	way, address := os.Args[1], os.Args[2]
	count, err := strconv.Atoi(os.Args[3])
	check(err)
	var sender jaeger.Transport
	if way == "udp" {
		sender, err = jaeger.NewUDPTransport(address, 0)
		check(err)
	} else {
		sender = transport.NewHTTPTransport("http://"+address+"/api/traces", transport.HTTPBatchSize(7))
	}
	var sampler jaeger.Sampler = jaeger.NewConstSampler(true)
	if len(os.Args) > 4 {
		sampler = told(os.Args[4])
	}
	tracer, closer := jaeger.NewTracer("cart", sampler, jaeger.NewRemoteReporter(sender, jaeger.ReporterOptions.Logger(failing{})),
		jaeger.TracerOptions.Gen128Bit(true), jaeger.TracerOptions.Tag("team", "shop"))
	for number := range count {
		span := tracer.StartSpan("get /cart", ext.SpanKindRPCServer, opentracing.Tag{Key: "n", Value: number})
		span.LogKV("event", "cache miss", "key", number)
		child := tracer.StartSpan("select", opentracing.ChildOf(span.Context()))
		ext.Error.Set(child, true)
		child.Finish()
		span.Finish()
	}
	check(closer.Close())
}

// told is a sampler that began with nothing and was told otherwise.
func told(url string) jaeger.Sampler {
	sampler := jaeger.NewRemotelyControlledSampler("cart",
		jaeger.SamplerOptions.SamplingServerURL(url),
		jaeger.SamplerOptions.InitialSampler(jaeger.NewConstSampler(false)),
		jaeger.SamplerOptions.SamplingRefreshInterval(10*time.Millisecond))
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if was, is := sampler.Sampler().(*jaeger.ProbabilisticSampler); is && was.SamplingRate() == 1 {
			return sampler
		}
	}
	log.Fatal("was not told to sample")
	return nil
}

// failing ends the program where the client would only log that it could not send.
type failing struct{}

func (failing) Error(msg string)      { log.Fatal(msg) }
func (failing) Infof(string, ...any)  {}
func (failing) Debugf(string, ...any) {}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
