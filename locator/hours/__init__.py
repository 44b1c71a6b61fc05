"""Opening hours with China's working calendar: open, closed or unknown, and what comes next.

:func:`locator.hours.clock.shipped_clock` answers by the calendar that ships with the program, ``open_clock`` with an
operator's own days over it. Nothing is imported here: who evaluates hours reads no Chinese words.
"""
