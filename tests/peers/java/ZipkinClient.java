import java.util.concurrent.TimeUnit;
import zipkin2.Endpoint;
import zipkin2.Span;
import zipkin2.codec.SpanBytesEncoder;
import zipkin2.reporter.AsyncReporter;
import zipkin2.reporter.BytesEncoder;
import zipkin2.reporter.BytesMessageSender;
import zipkin2.reporter.Encoding;
import zipkin2.reporter.urlconnection.URLConnectionSender;

/** Reports spans as Zipkin's own tracers for Java do: ZipkinClient URL ENCODING COUNT, of SpanBytesEncoder's names. */
public final class ZipkinClient {
  @SuppressWarnings("deprecation") // Thrift, which old tracers still send
  public static void main(String[] arguments) throws Exception {
    SpanBytesEncoder encoder = SpanBytesEncoder.valueOf(arguments[1]);
    Encoding encoding = switch (encoder) {
      case JSON_V1, JSON_V2 -> Encoding.JSON;
      case THRIFT -> Encoding.THRIFT;
      case PROTO3 -> Encoding.PROTO3;
    };
    int count = Integer.parseInt(arguments[2]);
    try (var sender = URLConnectionSender.newBuilder().endpoint(arguments[0]).encoding(encoding).build();
        var reporter = AsyncReporter.builder((BytesMessageSender) sender).closeTimeout(30, TimeUnit.SECONDS).build(as(encoder, encoding))) {
      for (int number = 0; number < count; number++) {
        reporter.report(Span.newBuilder()
            .traceId("463ac35c9f6413ad48485a3953bb6124")
            .parentId("1")
            .id(Integer.toHexString(number + 16))
            .kind(Span.Kind.CLIENT)
            .name("get /cart")
            .timestamp(1_795_430_459_123_456L)
            .duration(812)
            .localEndpoint(Endpoint.newBuilder().serviceName("cart").ip("10.0.0.1").port(8080).build())
            .remoteEndpoint(Endpoint.newBuilder().serviceName("db").ip("2001:db8::1").port(5432).build())
            .addAnnotation(1_795_430_459_123_500L, "cache miss")
            .putTag("n", Integer.toString(number))
            .putTag("error", "timed out")
            .build());
      }
      reporter.flush();
    }
  }

  private static BytesEncoder<Span> as(SpanBytesEncoder encoder, Encoding encoding) {
    return new BytesEncoder<>() {
      @Override public Encoding encoding() {
        return encoding;
      }

      @Override public int sizeInBytes(Span span) {
        return encoder.sizeInBytes(span);
      }

      @Override public byte[] encode(Span span) {
        return encoder.encode(span);
      }
    };
  }
}
