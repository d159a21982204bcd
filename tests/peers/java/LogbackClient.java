import ch.qos.logback.classic.LoggerContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs by Logback, as configured by logback.configurationFile: LogbackClient COUNT. */
public final class LogbackClient {
  public static void main(String[] arguments) {
    Logger logger = LoggerFactory.getLogger("shop.Cart");
    for (int number = 0; number < Integer.parseInt(arguments[0]); number++) {
      logger.error("order {}", number);
    }
    ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
  }
}
