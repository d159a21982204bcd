"""The Collector's operators: configs with lines, and the records that the Collector itself made of them."""
