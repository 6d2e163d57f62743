"""What a USRP says of its transmitter while it streams."""

from typing import Any

from commgen.sdr._gnuradio import gnuradio
from commgen.sdr._kept import answers_errors

gr, pmt = gnuradio("gr"), gnuradio("pmt")

# uhd::async_metadata_t::EVENT_CODE_UNDERFLOW and ..._IN_PACKET
_UNDERFLOWS = (0x2, 0x10)


class async_monitor(gr.basic_block):
    """Count the underruns of a USRP sink.

    Attributes
    ----------
    underruns : int
        How often it had nothing to send.

    Ports
    -----
    in : message
        The port ``async_msgs`` of the sink.
    """

    def __init__(self):
        gr.basic_block.__init__(self, "async_monitor", in_sig=None, out_sig=None)
        self.underruns = 0
        self.refused: Exception | None = None
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.count)

    @answers_errors
    def count(self, message: Any) -> None:
        """Count one message, a pair of name and dictionary."""
        code = pmt.dict_ref(
            pmt.cdr(message), pmt.intern("event_code"), pmt.from_long(0)
        )
        self.underruns += pmt.to_long(code) in _UNDERFLOWS
