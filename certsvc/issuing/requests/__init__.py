"""From a case to certificates `requested`, or to the reasons why not."""
