// Command otlp logs by OpenTelemetry's SDK for Go: otlp WAY ADDRESS COUNT, by grpc or http, compressed. PAD in the environment makes
// bodies longer.
package main

import (
	"context"
	"log"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	api "go.opentelemetry.io/otel/log"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"

	"example.com/logloom/peers/internal/pad"
)

func main() {
	way, address := os.Args[1], os.Args[2]
	count, err := strconv.Atoi(os.Args[3])
	check(err)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(check))
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	var exporter sdk.Exporter
	if way == "grpc" {
		exporter, err = otlploggrpc.New(ctx, otlploggrpc.WithEndpoint(address), otlploggrpc.WithInsecure(),
			otlploggrpc.WithCompressor("gzip"))
	} else {
		exporter, err = otlploghttp.New(ctx, otlploghttp.WithEndpoint(address), otlploghttp.WithInsecure(),
			otlploghttp.WithCompression(otlploghttp.GzipCompression))
	}
	check(err)
	provider := sdk.NewLoggerProvider(sdk.WithProcessor(sdk.NewBatchProcessor(exporter)),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "cart"))))
	logger := provider.Logger("shop")
	for number := range count {
		var record api.Record
		record.SetTimestamp(time.Unix(1_795_430_459, int64(number)))
		record.SetSeverity(api.SeverityWarn)
		record.SetBody(attribute.MapValue(attribute.String("what", "order"+pad.More()),
			attribute.KeyValue{Key: "blob", Value: attribute.ByteSliceValue([]byte{0, 255})}))
		record.AddAttributes(attribute.Int("n", number),
			attribute.KeyValue{Key: "list", Value: attribute.SliceValue(attribute.BoolValue(true), attribute.Float64Value(1.5))})
		logger.Emit(ctx, record)
	}
	check(provider.Shutdown(ctx))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
