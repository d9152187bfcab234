import { brotliDecompressSync } from 'node:zlib';

/**
 * Blocks 3 to 9 of a channel as a peer of Fabric 2.5.16 keeps them: writes, a key outside ASCII, private data and their purge, a
 * key's own policy, a delete, and two transactions of which the second came too late.
 */
export function peerBlocks(): readonly Buffer[] {
  const bytes = brotliDecompressSync(Buffer.from(packed, 'base64'));
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    blocks.push(bytes.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return blocks;
}

const packed =
  'HwFpIxGC7iDsJdUrB1BHYroF7NYx6tSS3294fp3uTpyn/8lTJ2oqjm1qgYmoieolxmEhZm2iaip7Y3X90Y/sj0d7XC+zPUEiSz3tx7bxd07XH5' +
  'LG8Q1GOmFE3cxRgog6wL7f79WeF2YhE+MAUMbY/BtgUoQKAMdnPApFKlFJYQOsWkdoPJIwda39qnNlZJWsqqv19ZFFWfmMKYSI16WTXky1+RsC' +
  'D49MCCghERCmjxj+fOMPRGspVeEzICDesFEMR3glrvQV7kVQ1fzRuEJjLgt8txg1mtvJrK0IHZv3drY/y8dLS1ezHO7OjX3hi1iHOlGgHQV+Qq' +
  'CBEDxGItCkyMuPCTOElFGDRR9g7IRePp6pan++FFyWpTJbWj07croPXJsdJAObdtqb0AXMFJqG0dvBwSvsvkWJIAIIYeMRDI0TgGoCAFOESgkE' +
  'y4B/v+luHbN76oF/iDgOWlf9xgubZwy4g4A5NL2euCZrx1fM9n/qzWPo3zMY4CHGxqpt/IBSAxq4ECpyQeeFkbIK5mFTRFpF6MB1qMhbv4kIUn' +
  'MjdmQS44U0DidxO5/MARklXMhUGopxZ8WUgGqBlGCYiV3Kpljmt+oe46CSFUnfpVXI86vMNJGYLRcwL2xvKJ21EXWghXOdjHv2alAGGI3nYKxg' +
  '0cmLYm3O1rFe1cTdl7f5GA8/Jpi7PQH8yHmyhn/mH2XfKaqML9+SaU3j5XAv/ijF4byxDnbldbqJJy8go4/aRkfNCkRA7JTaIUHw2GNoAL7G6j' +
  'eDY7ThFAN3bGbA7bEAVbHJaHK8HEbxGLkPZfgjhOKmvtFrjZ338RrLIrd/2Es6FBuEGDcHSKoFrfHUQKEBc1/O/bmetCX/XgML8yMvHMFjBCNa' +
  '2Dpg7ChTXeSheO1J7fdTXVqn6aKk7bF3fxcrqf3a7R9zx3c32dScXjoQGCxB10crIuoBAdFBZEBwojvUqNhNnjoaV9vPmC6L7ndPtZQXkUfuRp' +
  'kubX+r3d84DyBMzGHJ7L/oKbvVN27sreXnaefST+/z0BuBiRUFd7GuBn9uezPRRhbooMQLaFkvUYieFU3itnr7HtVDfhyt4PfJnGiE7+PfGidJ' +
  'UDUpqDiTQtLvFeYIARrQA1ok3B2/yGgSgPDy9wMwVwALgBoIQRQMYCoehJF3KhwlCOf7Bhu7Z9Ec6TPxmnUqE+Xby+NyJxRvIHOgDEkAYOWLMe' +
  '+4EsQNOAGLf8g8wQRfYb+2VNjGI1h4tuPKEBwJhyjAO+dCSDRhSejl0ETIHhga7unKjvxMjWCiUBUB2MX3Wpy0jq/s4q7RjOXT/fDnQ80OQQwL' +
  'UWPF/+DBHjCyG3xSmGbEVyvtrrcr6ouhkiBioWW0BBexCBi2XEcj4Niu7wCyesJnqbtSfTLo7+BiT1dZSc56k21/JWs19XUtEWsPgjt//ebVmm' +
  'gpzlda4m5/VbfzVpzC6vFIvEmsH4119rzpLHlnqjeFge4EuO8h4FAhq6oTAG4wH2HNAKi9QUANYHcgSPRmjoXRDCFapTfxG63vw8Z6bqwbi1Ul' +
  'uQnJFXafBh5+z8shItgyIGMosh375C8ENa0Oz7baXojSu3eN74v4H/k4LgA72WAgDDW6ycFdoSsqeaonvWhkiPkwZQns34O528mvk/gY++ObAH' +
  'MYivQlzqNcWJTdHyOQP8F0a5/q/A7Od1TOj+nbRYtcbGdtN9iYr60lYs3hbHgpni0oPu34rx9DSOqpHXFER6qaK6rjW7+YfwdcJgZxDRwjw8Ig' +
  'X9jDL+fKGjrGeb8dyEiyqpdq7P+N+jE5QYq6bIWURB7AMZGnsgWdjOc7MUTXDJUJj44e8t2ZGVd8es/XxpaQYJVAGY55aBQYJTaxoEHNlz79fr' +
  '7CyabLMScFJxXQJrZXRjG3sIp+TwgOCQAFwINIADFAwOAISnx6ImiWACQSgFPbYbV9ZTv0sWbin+5HTkP/nLw+rr1cMdeJ7NloM4JrBLqMLorb' +
  'hrk2JPg+UzqzJVFC1ja5UY80S4q+1ZTXZ8AfBdY7dt/l4O6tTHwVWBjVoGx6xb/P9JhHz98p3Mimbiw92ZHHVR4vndkHTvSR5KB+txN/zBYpyj' +
  'tRgnSUPBVrB1/ZnqOqe3w7Jig/5ZjW8xXOsbyLiRLEXwSHzPfZGLQLHCR4NnFqhl97cHNYr2UXNnns293G95Z73hosktPwqguOuUaeftJvUfP4' +
  '2n8kf/y4sCudYOZtrrnfcm73/jh+YbdpOXOz6DMWUki94zj2XbK1g8Zk2ZTVlJw+EUXADtUeZvHvQaSVOAYSwQvb67ApOKd8ytxpzUD/UDNa1+' +
  'MXHkj+d6s2PTQpJJ4iLz4UdNA/XQloqvek81mu+/RfY9iPNG4kDOABGB7AA+wAo21RwHV92UEVqUvNuGskYpnTaqFD1PNNema17aOemkEPHh6Z' +
  'KFBC4kOYjhJLkrqKTtKvzNp89YUKj+ToPhyqiv8ywqUqfZazlx1CY5hknbaSt1m7lSWkM95QhH+xv8EZfRmIKFJx7CVKVFbfgrpRoAMFrmNNvl' +
  'u/rS+IHiihXnjhK4A54hWBisLb54/5TlYGnpMikmBORJodTAQePKoAKAr55dlcarE1FuXc1KzI939tzHf/WonTooNq4XmqaJt+hyyIH0bAAOjk' +
  'SFPgP7IyrUCoUYh+J2Gnsaxc/H8bK0l5TIfzjpTM+BnKyyD2wzbwLzavxKRTFbIAKshRphGjid6X0NIhDRz9mo/h4L37G4KZa9zvmAzDr7VcSn' +
  'VpJJX+bDFezu0EXuyYWzZm39c6YktbFUT6M3UFx8uO5eMS4tfV2kvgYtjyNmDNj4xniQhWDUnb3QurJm5fXl1PrSdkqclgpqOMUEd7gANQ7zb7' +
  'JtLOu4gd0jPlkUvQ0XZCHPkVnjMjN77aJ3ZZBaAzMf/oMw0kNMdZn4tobtV1wM7Jm/eGH1/1SxT+rtt5FD9dZn/gCokX95bZKu5FVDIoOglIWb' +
  'xHvAHUrLPyqrwUJldjuz3cd5LqGx/24MV0rP3lls8LvQ1siAtzrL7q56tK1w1JJLdXA/9idHzVfvKlSuI6kDdkzfZeiNKCkMFGYREZItzI6mcT' +
  'Hcrkd4kAPmRP8+xkKbgdVvNZL1T5mZ4lAfe/3Djd0FGtj+65Z1OAgyneKB/y2NkOeXf1rgl1Yl0kezvr7CP9uYJoSkHI59WDK2iMBgyf0ZOWJz' +
  'W5qk6Fiy2opA2eS1DMiGEvCvVOIveg0mRxcDBH6ZDyYlu4zp3irV7hL/EsFwnhbxbdPhmZeTGR4f73T+Lftj9SXkOeAGonBy3ktE2/87aQgKlr' +
  'YvLJAL5XzEnJxta4F9SJBPGIFzfuPKhWfitJLaqdEcLUMau81EW5CwvHJjm/e0r5R76PHNqCgxE4NAWrFqAbBngAW9Z07SuSahqAH3A9uMpDDz' +
  'tPH9/ZciTzoLAntD9OFgNuPbYNOVuFDZuXJvhVXTMDOrYmTv8Hhdl0LHon6x+H9vhpPiAhJegBwFAn7HbmZGkwbLrNFqMN1K6ClEtKO3Ee0A1f' +
  'YfhyX7oCGoN/2/uFX6dPUxxXUXNZy6A53LCYamj4U6Z8igW5bnNJLBpTsVw4owVgWbce2vi/8SXViE7/qZ729ANfmKTnF7LbZm5xSI6iEhb1g/' +
  '3nWLu3OY4Cure/u7J23FS1utUmpoYTz6Q0D5OnVFmosWtbmJmooaAAsjPGnvEJztuIsYKGcFTqDmXhranJuPnuT+Fp+BT0hEKZg1bSLR0HVIB1' +
  '4ITrE0v7h4sT/KdWAiPqA848NpwJcioVmjsI2JpIDw3QtHmFOkNuxCHzgv+GPiaXjMxsGW6DmLMubUtsH9V48ureAh9aQ2rwovcQK1G30d4CvG' +
  'IhfhMTWBTB84k+tWH0ZqI+PO/1g+OZh/yjF3ynWUgu7ru7UurjD5dTFB4D3AxWWIbK/lzFJUze++Y3Sm/eLLLGw4D9PbDLhOIhg4PC+hyzah4u' +
  'qNfLnGW2m/F/F0aaxO/nHKNMZkSE8GDOsPyhNEmqx8/otQUGR4tNIv8elc2YtqmYG2naVAMZDuYgS8ZQxd/GJPCGcfRmbaVPuevO3lzR9Hx/Um' +
  'hNdRcpKXSIAntn9KlFcdO5NyB2oHBDmFtTotkXYacgOicRiUHyXLmqCUP9MsXVLAH38Oq9ZP4uD98mrZyBjHvvc/R739JUth1vLwoOGdS/WzrQ' +
  'EimYn/DWNv0eLYZoVkVdX1t7LUVoXch7N8Fg/mcrQlK1RINKWgfYZC7gLGGiNHIzM6GmUwMc7LR+0FMY8DRy2FQRdqEmH+ID1McnyA6UMMzqWB' +
  'HZIRo2gKggJESIhD3rCyF4aAIIAWCK8Sv4UY/dQfSZnuXzMohCQsSmPNXOrSu8QSIrlL6tB0XaR8+O7YWGeuBFJmsGg+1ePrPWkpm8wEBWRppv' +
  'IfVMooKj9Pq1YJRAvUGj2RSHXqk0efB2ELGzvLSM7sRme+NnP6OFdQk0jw2dklepV0vlqjE/i/rqo3CsJ3CGRN0zLBvPcm5+nwpQrLkNwFkTWi' +
  'SaNz/DotC2k9jwzdqnZks/VduLbT4BH0XRwB5LH9ovKgySE8hJOWvWk9/qy7mpkMq7qop9mhvPfTf8c7r39qGfJ5mh0nCfvA8/S302HlmyHY+z' +
  '9jKpamz8JzYdVFbdVEch/SYjFXZGJLbbdPNlc/T71Rd0BQlPorAPCRmCABHBBsSpp+v4xcb/C22eG3peD3Qcij+a/PNU0yyA22pDW6iTA2DI8m' +
  'vUengqub7zdXg9arXTQkn8d33JJc6bUix0gZ76DfQDarX/AvLVm16IEFtQuL9JPigzto5KkKSRjNfWJIqjuEg248aYAyraI3Q70osMwB606rIy' +
  '/xeZV2SiDJuiw3+sLlxHjYJW9KuhCnieUtqm33HThO0QQG2IOM3O3m3+wgSofhmwZ/67X7GjORwypckNB2qbpJWZKbe4WcV1ElYcK8m3Q08UcE' +
  'je9EQIJSzOBAt/3frIfNEBOQrLkd90m3xbO+nOMmHB/4/5zoM5n7ezY9cKOs+ApVGXT+Q6iSYp+SOn0VTKRG28dNMYeUsCfGerswAkXBq3gvpl' +
  'uX8tCJ3hIdu3nu1w53Q9/PZnNE/YUT/WekSPx4bDPRzddHLx4CLzXUyvH43WUKBvqYDaLSXsqybFkNad5wm3QcIZd07mOL3ZdGOQt3igGcub/f' +
  'Z3Zz3rM+EkM2AtdJACbtmMl7v/q06/04HoqUqPy585/FBiao8vSsZ2Vdx3xgNHzP0mFoNFC2stv5gjrw32IKs+TyFFoh4pa3Hj0Elgy6Rdz8qR' +
  'caHft8pOlZM33pj79Wc+hq1u0FBp+zKGyWahTJdPSDhP9849DZ9ZSVjCrvCntAXkZ0ErDNSPWclP6A/0qu9m4+WtGqI/LPzm2pg0a5mZ8x/PsI' +
  'KVU2/IyNzfTvrtLLwnjPlQCy/IpAajKOP6+s+s6IHi45VuluNd6RlDUt5Lhfb3ILwO5kTPtOgJxnoPTU5fa5ksf4nH4B8nd8gx1DzmItYdD2Td' +
  'NMOF5kmGHqgwKkNJZCCBjLbpd6+Vk6N0/b3sTIhCb4nA/AGo8ZIFBsf7/ohMYTFavJrOn7ZRfZyNlLh+50ASvraxvwZVYxM6cgw6ECDKgyMJ0V' +
  'eqoeGiopDW3Z3rSYWhvxWxx6EJ5w48yQELSGHRAvGSyAfWErQmhbx3Vxi+3v7D1DW66ot/rf+RGJ8Mkc+OgyoQKgfznHnPFLI/on+h0wLlKNr0' +
  'Ujn/MjQ87exYcoS9Fvy47CJRbt6dOrFm6GdS5oHrnH+S4EdUuuWV8WjhyK836xyDJxv96VJLaoXI8bJ4pmZLlk/HN/gNI4yl3pY3qo3peQ/4EE' +
  'SkesFWjwR5NeX9ETwNC5IZlEpgrMDAx+up2exwww8Z5uXsLY54nV81cmD9niDqTHKOzVvY5e/yMOa7i47N8VuDdhpOtTGVQooQlM1jS6q3DplQ' +
  'MhlIDCG2Tb/7XCV6YtC7H3Zc19lSTLJdhRAqrkbFku7lxV0j1VimlvTcQG2HEBsXARTFOteTalGkOlY9AO9Ab3Pok9o8KREZ/9OU1d1yE8izif' +
  '/0SpiHpL3h+bjkwK6FRU3xvUq6zxchCmWjdkHXg0addHs8ZU2WpzqbFWbRBC8Gl1U3pKp4h1s5l7DR6v4Ifk/lrSQyST6Cpb5q+Bubsg7jFche' +
  'KfivNOXNhzVJvfmRv1JtAir7bT8tWSbWJFvGEJKfi9AfGm6DlLM2eHiRkuyLFWBadVO4ccF5lWN27TJQiWHA3+ByeDSn/oa2zdZxYn8HLPtfy2' +
  'raMPLZf4+nUJF++fsdm9Y6ihAwNE1B7xO6lVhHmP6VFP7gTek4EPp5oL+pY4dLkww4Hkm26RqSL0OSzFr1dy8uFn20dnwz+TiHDaKdg8ZFo+u4' +
  '4omCEViIGObx2dvYZkrks3w10UGC/O3zncdaSI1RdeAHMalzt7naQw5AnjgMHhFbx5v7F4RnSW0E5Ib8uX4kX8r+1tn3bKhJshOqgspH3qKOkr' +
  'nKzAyXKXnm0iJeoFPbYtewZ92rw7FNlpTe1VAdYWaEFiUT6T6SHU9aANe7nHNc3VjgyTheIZVXwXtaytdMSxeK3q5Qds3zfKNt+p3XhwQsXROj' +
  'TQEIs3wc7YVylA7hB/Aq+fg/VjlIIyuSOKQk12/r++6WiLcbnDksWH99G82/A/XwqVKOnJGsthd5Ie5/JIQShoGhMYXxeD/sPDNc7Dd+UuNO0v' +
  'lanoWvrBN0HJppJCeKtaIU5umC5VwanQjto4dzeBZKPkyL24aQxG6FkkZ3J7k+6n3wPi2TXZsSxshy8AVsxMqwcHePsJBGbyDrwrXMUvPGS0mW' +
  '8rs4gKfZRiw0gfcErPz/ecGvq9YCYvf9njvbmLLvH0cK7HOneWxIJ4tNzwZHTY4qXdXt+yhpcVGPW/MNnF68P9D4913cdw5ug4wzHns5kMWtuN' +
  'YfBphenUniIuMetZJ4lJw5AMsme++NTazo6dxtjlA0MR7uSlQIlft38JF9jUFON9MzhAcW9AYtzqOZ8a1ATGL2bYCpG1nmO18stkgqkwjxkJHM' +
  'iX31Alut2AsZvx/ZJuNivGgt+c/th/jTBGscVZUivDY5Vy5jAg==';
