import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.logging.log4j.ThreadContext;

/** Logs by Log4j, as configured by log4j2.configurationFile: Log4jClient COUNT. The last message has an exception. */
public final class Log4jClient {
  public static void main(String[] arguments) {
    Logger logger = LogManager.getLogger("shop.Cart");
    int count = Integer.parseInt(arguments[0]);
    for (int number = 0; number < count; number++) {
      ThreadContext.put("n", Integer.toString(number));
      if (number + 1 < count) {
        logger.error("order {}", number);
      } else {
        logger.error("order {}", number, new IllegalStateException("out of stock"));
      }
    }
    LogManager.shutdown();
  }
}
