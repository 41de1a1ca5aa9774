"""Where fastgd proves itself: cases.py says what is compared, report.py runs it and writes the README's tables."""
