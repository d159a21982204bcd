// Command jaegergrpc posts spans as Jaeger's agent does, over gRPC, and asks how to sample: jaegergrpc ADDRESS COUNT.
//
// It prints the rate that it is told.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/gogo/protobuf/proto"
	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
)

// codec is gogo's: Jaeger's messages have its types.
type codec struct{}

func (codec) Marshal(v any) ([]byte, error)      { return proto.Marshal(v.(proto.Message)) }
func (codec) Unmarshal(data []byte, v any) error { return proto.Unmarshal(data, v.(proto.Message)) }
func (codec) Name() string                       { return "proto" }

func main() {
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	conn, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(codec{}), grpc.UseCompressor(gzip.Name)))
	check(err)
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	start := time.Unix(1_795_430_459, 123_456_000).UTC()
	batch := model.Batch{Process: model.NewProcess("cart", []model.KeyValue{model.String("hostname", "pod-1")})}
	for number := range count {
		batch.Spans = append(batch.Spans, &model.Span{
			TraceID:       model.NewTraceID(1, uint64(number+1)),
			SpanID:        model.NewSpanID(uint64(number + 1)),
			OperationName: "get /cart",
			StartTime:     start,
			Duration:      812 * time.Microsecond,
			Tags: []model.KeyValue{model.Int64("n", int64(number)), model.Float64("ratio", 0.5), model.Bool("hit", true),
				model.Binary("blob", []byte{0, 255})},
			Logs: []model.Log{{Timestamp: start, Fields: []model.KeyValue{model.String("event", "cache miss")}}},
		})
	}
	_, err = api_v2.NewCollectorServiceClient(conn).PostSpans(ctx, &api_v2.PostSpansRequest{Batch: batch})
	check(err)
	told, err := api_v2.NewSamplingManagerClient(conn).GetSamplingStrategy(ctx,
		&api_v2.SamplingStrategyParameters{ServiceName: "cart"})
	check(err)
	fmt.Println(told.StrategyType, told.ProbabilisticSampling.SamplingRate)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
